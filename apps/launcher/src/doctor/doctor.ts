import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Environment } from '@kryton/engine/config/load-config.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import type { Deployment } from './deployment.ts';
import { checkArrival, checkHeaders, checkPaths, checkReady, checkTls, reach } from './edge-checks.ts';
import { checkEnvironment, checkStorePostgres, checkStoreRedis } from './environment-checks.ts';
import { describeFinding, type Finding } from './finding.ts';
import { checkSignIn } from './sign-in-checks.ts';
import { checkIdle, checkOrigins, checkUpgrades, orUnknown } from './socket-checks.ts';

/** Longer than the minute that many proxies give a silent connection. */
const IDLE_S = 70;
const LONGEST_IDLE_S = 7_000;

export const DOCTOR_USAGE = `usage: npm run doctor -- https://docs.example.com [--idle SECONDS] [--ca FILE]

Checks a running deployment from outside, as a browser reaches it, and says what to mend:
  TLS, readiness, security headers, what the proxy tells the nodes (and whether it can be lied to), the clock, upgrades
  on /ws/yjs/ and /ws/plugins/, which pages may use a session, cookies, passkeys, large bodies.

  --idle SECONDS   how long a silent connection has to live, 70 unless told; 3660 proves an hour
  --ca FILE        certificates to trust beside the usual ones, in PEM

It reads these variables, and leaves out what it needs them for where they are not set:
  DOCTOR_TOKEN     a token of an agent, to open WebSockets with: without one an upgrade is only seen to reach a node,
                   and silent connections cannot be tried. The agent needs access to no document
  REDIS_URL        version, eviction policy, AOF, clock
  DATABASE_URL     PostgreSQL, and whether it is migrated
  BETTER_AUTH_SECRET, APP_URL, BETTER_AUTH_URL, CORS_ORIGINS, WEBAUTHN_RP_ID
                   whether those of a node fit the address: run it where a node runs

Exit code 0 when nothing is wrong, 1 otherwise.`;

export type DoctorOptions = {
  readonly deployment: Deployment;
  readonly token: string | null;
  readonly idleMs: number;
};

/** Reads the arguments of the command. Throws a StartupError that says how it is used. */
export function doctorOptions(args: readonly string[], env: Environment): DoctorOptions | 'help' {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        idle: { type: 'string', default: String(IDLE_S) },
        ca: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const [address = '', ...rest] = positionals;
    if (rest.length > 0 || !/^https?:\/\//.test(address) || !URL.canParse(address))
      throw new StartupError(`"${positionals.join(' ')}" is not one address, https://…\n\n${DOCTOR_USAGE}`);
    const idleS = Number(values.idle);
    if (!(idleS >= 1 && idleS <= LONGEST_IDLE_S))
      throw new StartupError(
        `--idle "${values.idle}" is not a number of seconds from 1 to ${LONGEST_IDLE_S}`,
      );
    const ca = values.ca === undefined ? {} : { ca: readFileSync(values.ca, 'utf8') };
    return {
      deployment: { url: new URL(new URL(address).origin), ...ca },
      token: env['DOCTOR_TOKEN']?.trim() || null,
      idleMs: idleS * 1_000,
    };
  } catch (cause) {
    if (cause instanceof StartupError) throw cause;
    throw new StartupError(`${cause instanceof Error ? cause.message : String(cause)}\n\n${DOCTOR_USAGE}`, {
      cause,
    });
  }
}

/** Looks at everything; `say` is told each finding when it is there. Resolves with all of them. */
export async function examine(
  { deployment, token, idleMs }: DoctorOptions,
  env: Environment,
  say: (finding: Finding) => void,
): Promise<Finding[]> {
  const all: Finding[] = [];
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) say(finding);
    all.push(...findings);
  };
  const ready = await reach(deployment);
  if ('verdict' in ready) tell([ready]);
  else {
    tell([checkTls(deployment, ready), checkReady(ready), ...checkHeaders(deployment, ready)]);
    tell(await orUnknown('forwarding', () => checkArrival(deployment)));
    tell(await orUnknown('upgrade', () => checkUpgrades(deployment, token)));
    tell(await orUnknown('origin', () => checkOrigins(deployment)));
    tell(await orUnknown('cookies', () => checkSignIn(deployment)));
    tell(await orUnknown('metrics', () => checkPaths(deployment)));
  }
  tell(checkEnvironment(deployment.url, env));
  tell(await checkStoreRedis(env));
  tell(await checkStorePostgres(env));
  if (!('verdict' in ready)) tell(await orUnknown('idle', () => checkIdle(deployment, token, idleMs)));
  return all;
}

/** `npm run doctor`. Resolves with the exit code. */
export async function runDoctor(args: readonly string[], env: Environment): Promise<0 | 1> {
  const options = doctorOptions(args, env);
  if (options === 'help') {
    console.log(DOCTOR_USAGE);
    return 0;
  }
  const findings = await examine(options, env, (finding) => console.log(describeFinding(finding)));
  const count = (verdict: Finding['verdict']) => findings.filter((each) => each.verdict === verdict).length;
  console.log(`\n${count('ok')} ok, ${count('wrong')} wrong, ${count('unknown')} not looked at`);
  return count('wrong') > 0 ? 1 : 0;
}
