import { ConfigError, type Environment, loadConfig } from '@kryton/engine/config/load-config.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { missingMigrations } from '@kryton/engine/database/migrate.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Variables that say that the environment here is the one of the nodes. */
const TELLING = ['BETTER_AUTH_SECRET', 'APP_URL', 'BETTER_AUTH_URL', 'CORS_ORIGINS', 'WEBAUTHN_RP_ID'];
/** A secret with fewer different characters than this was typed, not made. */
const LEAST_VARIETY = 12;

/** The variables of the nodes, as far as they are set where the doctor runs. */
export function checkEnvironment({ origin, hostname }: URL, env: Environment): Finding[] {
  const { ok, wrong, unknown } = findingsOf('environment');
  if (!TELLING.some((name) => env[name]?.trim()))
    return [
      unknown(`none of ${TELLING.join(', ')} is set here: run it with the environment of a node to check it`),
    ];
  try {
    // The stores are looked at for themselves.
    const config = loadConfig({ ...env, REDIS_URL: undefined, DATABASE_URL: undefined });
    const findings: Finding[] = [];
    for (const [name, value] of [
      ['APP_URL', config.appUrl],
      ['BETTER_AUTH_URL', config.authUrl],
      ['CORS_ORIGINS', config.corsOrigins.join(',')],
    ] as const)
      if (value !== origin) findings.push(wrong(`${name} is ${value}`, `set ${name}=${origin}`));
    if (hostname !== config.webauthnRpId && !hostname.endsWith(`.${config.webauthnRpId}`))
      findings.push(wrong(`WEBAUTHN_RP_ID is ${config.webauthnRpId}`, `set WEBAUTHN_RP_ID=${hostname}`));
    if (config.authSecret !== null && new Set(config.authSecret).size < LEAST_VARIETY)
      findings.push(
        wrong(
          'BETTER_AUTH_SECRET can be guessed: it repeats few characters',
          'make one with openssl rand -base64 32',
        ),
      );
    return findings.length > 0 ? findings : [ok('the variables that are set here fit the address')];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => wrong(problem, 'correct it on every node'));
  }
}

/** Redis: version, eviction policy, AOF and clock, as a node would judge it. */
export async function checkStoreRedis(env: Environment): Promise<Finding[]> {
  const { ok, wrong, unknown } = findingsOf('Redis');
  const url = env['REDIS_URL']?.trim();
  if (!url) return [unknown('REDIS_URL is not set here')];
  try {
    const warnings = await checkRedis(url);
    if (warnings.length === 0) return [ok('it keeps an AOF, evicts nothing, and is new enough')];
    return warnings.map(split).map(([found, fix]) => wrong(found, fix));
  } catch (error) {
    return [wrong(...split(messageOf(error)))];
  }
}

/** PostgreSQL: reachable, new enough, migrated. */
export async function checkStorePostgres(env: Environment): Promise<Finding[]> {
  const { ok, wrong, unknown } = findingsOf('PostgreSQL');
  const url = env['DATABASE_URL']?.trim();
  if (!url) return [unknown('DATABASE_URL is not set here')];
  try {
    const database = await connectDatabase({ url }, { applicationName: 'kryton-doctor', connections: 1 });
    try {
      const missing = await missingMigrations(database.db);
      if (missing.length === 0) return [ok('it answers, and is migrated')];
      return [wrong(`it is not migrated (${missing.join(', ')})`, 'run npm run migrate')];
    } finally {
      await database.close();
    }
  } catch (error) {
    return [wrong(...split(messageOf(error)))];
  }
}

/** Start-up errors say what is wrong and, after the last colon or semicolon, what to do. */
function split(message: string): [string, string] {
  const at = Math.max(message.lastIndexOf(': '), message.lastIndexOf('; '));
  return at < 0 ? [message, 'see the log of the nodes'] : [message.slice(0, at), message.slice(at + 2)];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
