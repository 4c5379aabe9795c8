import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  describeConfig,
  type Environment,
  type LoadOptions,
  loadConfig,
} from './load-config.ts';
import { storesOf } from './stores.ts';

const load = (env: Environment = {}, options: LoadOptions = {}) =>
  loadConfig(env, { hostname: 'docs-1.example.com', ...options });

function problemsOf(env: Environment, options: LoadOptions = {}): readonly string[] {
  try {
    load(env, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const SECRET = 's'.repeat(32);
const CLUSTER = { REDIS_URL: 'redis://localhost:6379', DATABASE_URL: 'postgresql://localhost/kryton' };

describe('loadConfig', () => {
  it('runs embedded without any variable', () => {
    const config = load();
    expect(config).toMatchObject({
      environment: 'development',
      port: 3001,
      nodeName: 'docs-1-3001',
      appUrl: 'http://localhost:3001',
      authUrl: 'http://localhost:3001',
      corsOrigins: ['http://localhost:3001'],
      webauthnRpId: 'localhost',
      trustProxy: ['loopback', 'linklocal', 'uniquelocal'],
      authSecret: null,
      redisGraceMs: 15_000,
      drainMs: 30_000,
      maxMessageBytes: 25_165_824,
      cacheBytes: 268_435_456,
      outboxBytes: 1_048_576,
    });
    expect(storesOf(config)).toEqual({ kind: 'embedded', dataDir: '.data' });
  });

  it('derives what follows from other variables', () => {
    const config = load({ PORT: '4000', APP_URL: 'https://docs.example.com/' });
    expect(config.nodeName).toBe('docs-1-4000');
    expect(config.authUrl).toBe('https://docs.example.com');
    expect(config.corsOrigins).toEqual(['https://docs.example.com']);
    expect(config.webauthnRpId).toBe('docs.example.com');
    expect(load({ PORT: '4000' }).appUrl).toBe('http://localhost:4000');
  });

  it('takes an empty value as not set', () => {
    expect(load({ PORT: '', REDIS_URL: ' ', DATABASE_URL: '' }).port).toBe(3001);
  });

  it('lists every problem at once, each with variable, value and what to do', () => {
    expect(
      problemsOf({
        PORT: 'eighty',
        LOG_LEVEL: 'loud',
        CORS_ORIGINS: '*',
        REDIS_URL: 'redis://localhost',
        MAX_MESSAGE_BYTES: '24MB',
      }),
    ).toEqual([
      'PORT=eighty is not a whole number from 1 to 65534',
      'CORS_ORIGINS=* is "*", which lets every website act for its visitors: list the origins instead',
      'LOG_LEVEL=loud is not one of fatal, error, warn, info, debug, trace, silent',
      'MAX_MESSAGE_BYTES=24MB is not a size from 64 KiB to 256 MiB: set one like 24MiB',
      'DATABASE_URL is not set, but REDIS_URL is: set both for a cluster, or neither for embedded mode',
    ]);
  });

  it('does not blame a variable for the one it is derived from', () => {
    expect(problemsOf({ APP_URL: 'nonsense' })).toHaveLength(1);
    expect(problemsOf({ PORT: 'nonsense' })).toHaveLength(1);
  });

  it('asks nodes and workers for both stores, a migration for the database', () => {
    expect(problemsOf({ BETTER_AUTH_SECRET: SECRET }, { role: 'node' })).toEqual([
      'REDIS_URL is not set: set one like redis://localhost:6379',
      'DATABASE_URL is not set: set one like postgresql://user:password@localhost:5432/kryton',
    ]);
    expect(problemsOf({ REDIS_URL: CLUSTER.REDIS_URL }, { role: 'worker' })).toHaveLength(1);
    expect(problemsOf({ DATABASE_URL: CLUSTER.DATABASE_URL }, { role: 'migrate' })).toEqual([]);
    expect(problemsOf({ ...CLUSTER, BETTER_AUTH_SECRET: SECRET }, { role: 'node' })).toEqual([]);
    expect(storesOf(load(CLUSTER))).toEqual({
      kind: 'cluster',
      redisUrl: CLUSTER.REDIS_URL,
      databaseUrl: CLUSTER.DATABASE_URL,
    });
  });

  it('asks a node for the secret that signs sessions, and embedded mode not', () => {
    expect(problemsOf(CLUSTER, { role: 'node' })).toEqual([
      expect.stringMatching(/^BETTER_AUTH_SECRET is not set: .*openssl/),
    ]);
    expect(problemsOf({}, { role: 'embedded' })).toEqual([]);
  });

  it('lets newcomers in at once where it runs embedded, and not in a cluster', () => {
    expect(load()).toMatchObject({ guestAccess: true, createOnOpen: true, registration: 'open' });
    expect(load(CLUSTER)).toMatchObject({ guestAccess: false, createOnOpen: false });
    expect(load({ ...CLUSTER, GUEST_ACCESS: 'true' })).toMatchObject({ guestAccess: true });
  });

  it('finds half of a sign-in provider, and production without https', () => {
    expect(problemsOf({ GOOGLE_CLIENT_ID: 'id' })).toEqual([
      'GOOGLE_CLIENT_SECRET is not set, but GOOGLE_CLIENT_ID is: set both or neither',
    ]);
    expect(problemsOf({ NODE_ENV: 'production', APP_URL: 'http://docs.example.com' })).toEqual([
      expect.stringContaining('is not https'),
    ]);
    expect(problemsOf({ NODE_ENV: 'production', APP_URL: 'https://docs.example.com' })).toEqual([]);
  });

  it('finds values that contradict each other', () => {
    expect(problemsOf({ METRICS_PORT: '3001' })).toEqual([expect.stringContaining('METRICS_PORT=3001')]);
    expect(problemsOf({ APP_URL: 'https://docs.example.com', WEBAUTHN_RP_ID: 'example.org' })).toEqual([
      'WEBAUTHN_RP_ID=example.org is neither the host of APP_URL (docs.example.com) nor a parent domain of it',
    ]);
    expect(problemsOf({ APP_URL: 'https://docs.example.com', WEBAUTHN_RP_ID: 'example.com' })).toEqual([]);
  });

  it('shows no secret, neither in errors nor in the description', () => {
    const secrets = ['hunter2', 'hunter3', 'hunter4', 'short', '12'];
    const shown = [
      ...problemsOf({
        BETTER_AUTH_SECRET: 'short',
        REDIS_URL: 'http://u:hunter2@cache:6379',
        DATABASE_URL: 'u:hunter3@db password=hunter4',
      }),
      ...problemsOf({ REDIS_URL: 'redis+cluster://u:hunter2' }),
      ...problemsOf({ REDIS_URL: 'cache://u:12#hunter2@h', DATABASE_URL: 'db://u:hunter3@h' }),
      ...Object.values(
        describeConfig(
          load({
            BETTER_AUTH_SECRET: 'hunter2'.padEnd(40, 'x'),
            REDIS_URL: 'redis://u:hunter3@cache:6379/1',
            DATABASE_URL: 'postgresql://u@db/kryton?password=hunter4',
          }),
        ),
      ),
    ];
    expect(shown).toContain('redis://cache:6379/1');
    expect(shown).toContain('postgresql://db/kryton');
    expect(shown.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
  });
});
