import type { Parser } from './parsers.ts';
import * as parse from './parsers.ts';
import { redisUrl } from './redis-url.ts';

/** The processes that read a variable. `embedded` is `npm start`; the cluster launcher hands on what its parts need. */
export type Role = 'embedded' | 'node' | 'worker' | 'migrate';

/** What a default can be derived from: the values of other variables, as text, and the name of the machine. */
export type Known = { text(name: string): string; readonly hostname: string };

export type Variable<Value> = {
  /** Its name in the environment. */
  readonly name: string;
  readonly parse: Parser<Value>;
  /** As it would be set; or derived, with the words that the table shows; or none: the value is null then. */
  readonly fallback: string | { readonly words: string; readonly from: (known: Known) => string } | null;
  readonly description: string;
  readonly roles: readonly Role[];
  /** `value`: nothing of it is ever shown. `password`: it is a URL, shown without its user and password. */
  readonly secret?: 'value' | 'password';
};

const NODES = ['embedded', 'node'] as const;
const STORES = ['node', 'worker', 'migrate'] as const;
const ALL = ['embedded', 'node', 'worker', 'migrate'] as const;

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Every variable of the environment, once. Types, defaults, errors and the table in the README come from here. */
export const VARIABLES = {
  environment: {
    name: 'NODE_ENV',
    parse: parse.oneOf('development', 'test', 'production'),
    fallback: 'development',
    description:
      '`production` refuses what is only for trying out: an `APP_URL` without https that is not this machine',
    roles: ALL,
  },
  port: {
    name: 'PORT',
    // The second embedded node takes the next one.
    parse: parse.integer(1, 65_534),
    fallback: '3001',
    description: 'Port for HTTP and WebSockets; `npm start` takes the next one too, for its second node',
    roles: NODES,
  },
  host: {
    name: 'HOST',
    parse: parse.listenHost,
    fallback: '0.0.0.0',
    description: 'Address to listen on',
    roles: NODES,
  },
  nodeName: {
    name: 'NODE_NAME',
    parse: parse.matching(
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
      '1 to 63 letters, digits, dots, dashes or underscores',
    ),
    fallback: { words: 'host name and `PORT`', from: nodeName },
    description: 'Name of this node in logs, metrics and on the page',
    roles: ['embedded', 'node', 'worker'],
  },
  appUrl: {
    name: 'APP_URL',
    parse: parse.origin,
    fallback: { words: '`http://localhost:PORT`', from: ({ text }) => `http://localhost:${text('PORT')}` },
    description: 'Where people open the app',
    roles: NODES,
  },
  authUrl: {
    name: 'BETTER_AUTH_URL',
    parse: parse.origin,
    fallback: { words: '`APP_URL`', from: ({ text }) => text('APP_URL') },
    description: 'Where the sign-in is reached',
    roles: NODES,
  },
  authSecret: {
    name: 'BETTER_AUTH_SECRET',
    parse: parse.matching(
      /^.{32,}$/s,
      'at least 32 characters long: make one with `openssl rand -base64 32`',
    ),
    fallback: null,
    description:
      'Signs sessions; at least 32 characters, the same on every node. Needed in a cluster; embedded, one is made and kept in `DATA_DIR`',
    roles: NODES,
    secret: 'value',
  },
  corsOrigins: {
    name: 'CORS_ORIGINS',
    parse: parse.originList,
    fallback: { words: 'origin of `APP_URL`', from: ({ text }) => text('APP_URL') },
    description: 'Web pages that may use the server, separated by commas; `*` is refused',
    roles: NODES,
  },
  webauthnRpId: {
    name: 'WEBAUTHN_RP_ID',
    parse: parse.matching(
      /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
      'a host name in lower case, without scheme and port',
    ),
    fallback: { words: 'host of `APP_URL`', from: ({ text }) => new URL(text('APP_URL')).hostname },
    description: 'Domain that passkeys are bound to',
    roles: NODES,
  },
  registration: {
    name: 'REGISTRATION',
    parse: parse.oneOf('open', 'invitation'),
    fallback: 'open',
    description:
      'Who may sign up: anybody, or who was invited by an admin; the first user always may, and is admin',
    roles: NODES,
  },
  guestAccess: {
    name: 'GUEST_ACCESS',
    parse: parse.flag,
    fallback: { words: '`true` embedded, `false` in a cluster', from: trueWhenEmbedded },
    description: 'Whether somebody may sign in as a guest, without an account',
    roles: NODES,
  },
  createOnOpen: {
    name: 'CREATE_ON_OPEN',
    parse: parse.flag,
    fallback: { words: '`true` embedded, `false` in a cluster', from: trueWhenEmbedded },
    description: 'Whether opening a document that does not exist creates it, for users and guests',
    roles: NODES,
  },
  googleClientId: {
    name: 'GOOGLE_CLIENT_ID',
    parse: parse.matching(/^\S+$/, 'a client id'),
    fallback: null,
    description: 'Sign-in with Google; together with `GOOGLE_CLIENT_SECRET`',
    roles: NODES,
  },
  googleClientSecret: {
    name: 'GOOGLE_CLIENT_SECRET',
    parse: parse.matching(/^\S+$/, 'a client secret'),
    fallback: null,
    description: 'Sign-in with Google; together with `GOOGLE_CLIENT_ID`',
    roles: NODES,
    secret: 'value',
  },
  githubClientId: {
    name: 'GITHUB_CLIENT_ID',
    parse: parse.matching(/^\S+$/, 'a client id'),
    fallback: null,
    description: 'Sign-in with GitHub; together with `GITHUB_CLIENT_SECRET`',
    roles: NODES,
  },
  githubClientSecret: {
    name: 'GITHUB_CLIENT_SECRET',
    parse: parse.matching(/^\S+$/, 'a client secret'),
    fallback: null,
    description: 'Sign-in with GitHub; together with `GITHUB_CLIENT_ID`',
    roles: NODES,
    secret: 'value',
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    parse: parse.trustedProxies,
    fallback: 'loopback,linklocal,uniquelocal',
    description:
      'Proxies whose X-Forwarded headers count: `true`, `false`, or names, addresses and CIDR blocks',
    roles: NODES,
  },
  redisUrl: {
    name: 'REDIS_URL',
    parse: redisUrl,
    fallback: null,
    description:
      'Redis 7 or later, or Valkey: `redis://…`, `redis+cluster://host:port,…` or `redis+sentinel://host:port,…/master` (`rediss…` with TLS). Set it together with `DATABASE_URL`; without both, everything is embedded',
    roles: ['node', 'worker'],
    secret: 'password',
  },
  redisWaitReplicas: {
    name: 'REDIS_WAIT_REPLICAS',
    parse: parse.integer(0, 10),
    fallback: '0',
    description:
      'Replicas of Redis that must have an edit before it is acknowledged; with fewer, nothing is acknowledged',
    roles: ['node'],
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    parse: parse.urlOf(['postgres', 'postgresql'], 'postgresql://user:password@localhost:5432/kryton'),
    fallback: null,
    description: 'PostgreSQL 13 or later',
    roles: STORES,
    secret: 'password',
  },
  databaseConnections: {
    name: 'DATABASE_CONNECTIONS',
    parse: parse.integer(1, 500),
    fallback: '10',
    description: 'Connections to PostgreSQL that one process opens at most',
    roles: ['embedded', 'node', 'worker'],
  },
  dataDir: {
    name: 'DATA_DIR',
    parse: parse.matching(/^[^\0]+$/, 'a directory'),
    fallback: '.data',
    description: 'Where the embedded database lives; one process at a time',
    roles: ['embedded'],
  },
  metricsPort: {
    name: 'METRICS_PORT',
    parse: parse.integer(0, 65_535),
    fallback: '9464',
    description: 'Port for Prometheus, never for the public; 0 switches it off',
    roles: ['embedded', 'node', 'worker'],
  },
  logLevel: {
    name: 'LOG_LEVEL',
    parse: parse.oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    fallback: 'info',
    description: 'Least severity that is logged',
    roles: ALL,
  },
  pluginsDir: {
    name: 'PLUGINS_DIR',
    parse: parse.matching(/^[^\0]+$/, 'a directory'),
    fallback: null,
    description: 'Directory of plugins to load',
    roles: NODES,
  },
  redisGraceMs: {
    name: 'REDIS_GRACE',
    parse: parse.seconds(1, 600),
    fallback: '15',
    description: 'Seconds without Redis after which clients are sent away (they keep their edits)',
    roles: NODES,
  },
  drainMs: {
    name: 'DRAIN_SECONDS',
    parse: parse.seconds(0, 3_600),
    fallback: '30',
    description: 'Seconds over which a leaving node sends its clients to the others',
    roles: NODES,
  },
  maxConnectionAgeMs: {
    name: 'MAX_CONNECTION_AGE',
    parse: parse.seconds(0, 604_800),
    fallback: '0',
    description:
      'Seconds after which a WebSocket is asked to connect again, so that new nodes fill; each is given a random half to whole of it. 0: never',
    roles: NODES,
  },
  overloadDelayMs: {
    name: 'OVERLOAD_DELAY_MS',
    parse: parse.integer(0, 60_000),
    fallback: '150',
    description:
      'Milliseconds a message waits for a busy node, on average and for 3 s, above which new WebSockets are answered with 503. 0: never',
    roles: NODES,
  },
  maxMessageBytes: {
    name: 'MAX_MESSAGE_BYTES',
    parse: parse.bytes(64 * 1024, 256 * MIB),
    fallback: '24MiB',
    description: 'Largest message a client may send',
    roles: NODES,
  },
  messagesPerSecond: {
    name: 'CLIENT_MESSAGES_PER_SECOND',
    parse: parse.integer(10, 1_000_000),
    fallback: '1000',
    description:
      'Messages one client may send in a second; over 5 s of that it is read more slowly, after 15 s it is sent away',
    roles: NODES,
  },
  bytesPerSecond: {
    name: 'CLIENT_BYTES_PER_SECOND',
    parse: parse.bytes(64 * 1024, GIB),
    fallback: '4MiB',
    description: 'Bytes one client may send in a second; twice `MAX_MESSAGE_BYTES` may come at once',
    roles: NODES,
  },
  maxConnections: {
    name: 'MAX_CONNECTIONS',
    parse: parse.integer(1, 1_000_000),
    fallback: '20000',
    description: 'WebSockets one node accepts; more are answered with 503',
    roles: NODES,
  },
  documentConnections: {
    name: 'DOCUMENT_CONNECTIONS',
    parse: parse.integer(1, 1_000_000),
    fallback: '5000',
    description: 'WebSockets one document may have on one node; more are answered with 503',
    roles: NODES,
  },
  userConnections: {
    name: 'USER_CONNECTIONS',
    parse: parse.integer(1, 1_000_000),
    fallback: '1000',
    description: 'WebSockets one user, agent or link may have on one node; more are answered with 429',
    roles: NODES,
  },
  handshakesPerMinute: {
    name: 'HANDSHAKES_PER_MINUTE',
    parse: parse.integer(1, 10_000_000),
    fallback: '6000',
    description: 'WebSockets that one user or one address may open in a minute, on all nodes together',
    roles: NODES,
  },
  requestsPerMinute: {
    name: 'REQUESTS_PER_MINUTE',
    parse: parse.integer(1, 10_000_000),
    fallback: '3000',
    description: 'API requests that one user or one address may make in a minute, on all nodes together',
    roles: NODES,
  },
  messagesPerMinute: {
    name: 'MESSAGES_PER_MINUTE',
    parse: parse.integer(1, 1_000_000_000),
    fallback: '600000',
    description:
      'Messages that one user or one address may send in a minute, over all its WebSockets and nodes',
    roles: NODES,
  },
  cacheBytes: {
    name: 'CACHE_BYTES',
    parse: parse.bytes(MIB, 64 * GIB),
    fallback: '256MiB',
    description: 'Memory of one node for the base states that newcomers are served from',
    roles: NODES,
  },
  pendingBytes: {
    name: 'PENDING_BYTES',
    parse: parse.bytes(MIB, 64 * GIB),
    fallback: '64MiB',
    description: 'Updates that one node accepts ahead of Redis; above it, whoever writes is not read from',
    roles: NODES,
  },
  outboxBytes: {
    name: 'OUTBOX_BYTES',
    parse: parse.bytes(64 * 1024, GIB),
    fallback: '1MiB',
    description: 'Bytes waiting for one slow client before they are replaced by one resync',
    roles: NODES,
  },
  foldDelayMs: {
    name: 'FOLD_DELAY_MS',
    // SNAP5: folded within 10 s of the last edit.
    parse: parse.integer(10, 10_000),
    fallback: '5000',
    description: 'Milliseconds after an edit until its document is folded into a snapshot',
    roles: NODES,
  },
  logKeepMs: {
    name: 'LOG_KEEP_SECONDS',
    parse: parse.seconds(0, 86_400),
    fallback: '60',
    description: 'Seconds that folded updates stay in the log for slow readers',
    roles: ['embedded', 'worker'],
  },
  workerConcurrency: {
    name: 'WORKER_CONCURRENCY',
    parse: parse.integer(1, 64),
    fallback: '2',
    description: 'Documents one worker folds at the same time',
    roles: ['embedded', 'worker'],
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

/** What a newcomer may do at once on a machine of their own is not what a team wants on the internet. */
function trueWhenEmbedded({ text }: Known): string {
  return String(text('REDIS_URL') === '');
}

/** `docs-1.example.com`, 3001 -> `docs-1-3001`. What a name may not hold becomes a dash. */
function nodeName({ text, hostname }: Known): string {
  const machine = (hostname.split('.')[0] ?? '')
    .replaceAll(/[^A-Za-z0-9_-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return `${machine.slice(0, 50) || 'node'}-${text('PORT')}`;
}
