import { hostname as hostnameOf } from 'node:os';
import { StartupError } from '../lifecycle/startup-error.ts';
import { InvalidValue } from './parsers.ts';
import { redisPlace } from './redis-url.ts';
import { type Role, VARIABLES, type Variable } from './variables.ts';

type Variables = typeof VARIABLES;
type Field = keyof Variables;
type ValueOf<Each extends Variable<unknown>> =
  | ReturnType<Each['parse']>
  | (Each['fallback'] extends null ? null : never);

/** The environment, parsed: `…Ms` in ms, `…Bytes` in bytes, null where an optional variable is not set. */
export type Config = { readonly [Name in Field]: ValueOf<Variables[Name]> };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of the environment at once, one line each: the variable, its value, what is wrong, what to set. */
export class ConfigError extends StartupError {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration cannot be used:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

export type LoadOptions = {
  /** What the process is going to be: a cluster node and a worker need both stores, a migration the database. */
  readonly role?: Role;
  /** The machine's name; asked from the system unless told. */
  readonly hostname?: string;
};

/**
 * Reads `env` (the process's, handed in by its main). An empty value counts as not set.
 *
 * Throws a {@link ConfigError} with every problem.
 */
export function loadConfig(env: Environment, { role, hostname = hostnameOf() }: LoadOptions = {}): Config {
  const problems: string[] = [];
  const values = new Map<string, unknown>();
  for (const [field, variable] of Object.entries<Variable<unknown>>(VARIABLES)) {
    try {
      const text = textOf(variable, env, hostname);
      values.set(field, text === null ? null : variable.parse(text));
    } catch (error) {
      const problem = problemOf(variable, env, error);
      if (problem !== null) problems.push(problem);
    }
  }
  const config = Object.fromEntries(values) as Config;
  problems.push(...storeProblems(env, role), ...secretProblems(env, role), ...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** The values for the log of the start, by variable name, as text, and nothing that is secret. */
export function describeConfig(config: Config): Record<string, string> {
  const lines = Object.entries<Variable<unknown>>(VARIABLES).map(([field, variable]) => {
    const value = config[field as Field];
    const text = Array.isArray(value) ? value.join(',') : String(value);
    return [variable.name, value === null ? 'not set' : shown(variable, text)];
  });
  return Object.fromEntries(lines);
}

/** What the process reads: the variable itself, else its default; null when it has neither. */
function textOf({ name, fallback }: Variable<unknown>, env: Environment, hostname: string): string | null {
  const given = env[name]?.trim();
  if (given) return given;
  if (fallback === null || typeof fallback === 'string') return fallback;
  return fallback.from({ hostname, text: (other) => textOf(named(other), env, hostname) ?? '' });
}

function named(name: string): Variable<unknown> {
  const found = Object.values<Variable<unknown>>(VARIABLES).find((variable) => variable.name === name);
  if (found) return found;
  throw new TypeError(`a default is derived from ${name}, which is no variable`);
}

function problemOf(variable: Variable<unknown>, env: Environment, error: unknown): string | null {
  const given = env[variable.name]?.trim();
  // A default that cannot be derived comes from another variable, which is on the list itself.
  if (!given) return null;
  if (!(error instanceof InvalidValue)) throw error;
  return `${variable.name}=${shown(variable, given)} ${error.message}`;
}

function shown({ secret }: Variable<unknown>, text: string): string {
  if (secret === undefined) return text;
  if (/^rediss?\+/.test(text)) return placeOr(text, '(hidden)');
  // What is no URL, or whose password was not found where it belongs (an unescaped #), may hold it anywhere.
  const url = text.includes('://') && URL.canParse(text) ? new URL(text) : null;
  if (
    secret === 'value' ||
    url === null ||
    (text.includes('@') && url.username === '' && url.password === '')
  ) {
    return '(hidden)';
  }
  // Host and path only: a password can also stand in the query of a PostgreSQL URL.
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The servers of a cluster or of sentinels; `other` when the text names none that can be read. */
function placeOr(text: string, other: string): string {
  try {
    return redisPlace(text);
  } catch {
    return other;
  }
}

function storeProblems(env: Environment, role: Role | undefined): string[] {
  const { redisUrl, databaseUrl } = VARIABLES;
  const needed = [redisUrl, databaseUrl].filter(({ roles }) => roles.some((each) => each === role));
  const missing = needed.filter(({ name }) => !env[name]?.trim());
  if (missing.length > 0) {
    return missing.map(({ name, parse }) => `${name} is not set: ${exampleOf(parse)}`);
  }
  if (role === 'migrate' || Boolean(env[redisUrl.name]?.trim()) === Boolean(env[databaseUrl.name]?.trim()))
    return [];
  const [set, unset] = env[redisUrl.name]?.trim() ? [redisUrl, databaseUrl] : [databaseUrl, redisUrl];
  return [
    `${unset.name} is not set, but ${set.name} is: set both for a cluster, or neither for embedded mode`,
  ];
}

/** Nodes that each made a secret of their own would not know each other's sessions. */
function secretProblems(env: Environment, role: Role | undefined): string[] {
  const { name } = VARIABLES.authSecret;
  if (role !== 'node' || env[name]?.trim()) return [];
  return [
    `${name} is not set: make one with \`openssl rand -base64 32\` and give it to every node, it signs the sessions`,
  ];
}

/** What the parser itself says about an empty value: it names an example. */
function exampleOf(parse: (text: string) => unknown): string {
  try {
    parse('');
  } catch (error) {
    if (error instanceof InvalidValue) return error.message.slice(error.message.lastIndexOf(': ') + 2);
  }
  return 'set it';
}

/** Values that are right alone and wrong together. Those that did not parse are missing here. */
function contradictions(config: Partial<Config>): string[] {
  const problems: string[] = [];
  const { port, metricsPort, appUrl, webauthnRpId, environment } = config;
  const clients = [
    ['GOOGLE', config.googleClientId, config.googleClientSecret],
    ['GITHUB', config.githubClientId, config.githubClientSecret],
  ] as const;
  for (const [provider, id, secret] of clients) {
    if (id === undefined || secret === undefined || (id === null) === (secret === null)) continue;
    const [set, unset] = id === null ? ['SECRET', 'ID'] : ['ID', 'SECRET'];
    problems.push(
      `${provider}_CLIENT_${unset} is not set, but ${provider}_CLIENT_${set} is: set both or neither`,
    );
  }
  if (environment === 'production' && appUrl && !isSecureOrigin(appUrl)) {
    problems.push(
      `APP_URL=${appUrl} is not https: sessions would travel in the clear. Put TLS in front and set the public https address`,
    );
  }
  if (port !== undefined && metricsPort === port) {
    problems.push(
      `METRICS_PORT=${metricsPort} is the public port: set another one, metrics are not for the public`,
    );
  }
  if (appUrl && webauthnRpId) {
    const host = new URL(appUrl).hostname;
    if (host !== webauthnRpId && !host.endsWith(`.${webauthnRpId}`)) {
      problems.push(
        `WEBAUTHN_RP_ID=${webauthnRpId} is neither the host of APP_URL (${host}) nor a parent domain of it`,
      );
    }
  }
  return problems;
}

/** Browsers treat this machine as a secure context too. */
function isSecureOrigin(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
