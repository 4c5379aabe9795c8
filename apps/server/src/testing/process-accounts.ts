import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { loadConfig } from '@kryton/engine/config/load-config.ts';
import type { Database } from '@kryton/engine/database/schema.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { RedisRoster } from '@kryton/engine/roster/redis-roster.ts';
import { RedisSessionStorage } from '@kryton/engine/sessions/redis-session-storage.ts';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { type Accounts, type AccountsParts, openAccounts } from '../accounts.ts';

export type ProcessAccountsOptions = {
  readonly name: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  /** Pages of these may use a session; the first is the public URL. */
  readonly urls: readonly string[];
  /** The same on every node. */
  readonly secret: string;
  readonly db: Kysely<Database>;
  /** What the node itself runs on. */
  readonly engine: Pick<AccountsParts, 'log' | 'snapshots' | 'heavy'>;
};

/** The accounts of the product for a test node, with guests who write at once. */
export async function openProcessAccounts(options: ProcessAccountsOptions): Promise<Accounts> {
  const { name, redisUrl: url, urls, secret, db } = options;
  const env = {
    REDIS_URL: url,
    DATABASE_URL: options.postgresUrl,
    APP_URL: urls[0],
    CORS_ORIGINS: urls.join(','),
    BETTER_AUTH_SECRET: secret,
    GUEST_ACCESS: 'true',
    CREATE_ON_OPEN: 'true',
  };
  const onError = () => {};
  const bus = await RedisMessageBus.connect({ url, name, onError });
  const sessions = await RedisSessionStorage.connect({ url, name, onError });
  const roster = await RedisRoster.connect({ url, name, onError });
  const accounts = await openAccounts({
    ...options.engine,
    quarantine: new PostgresQuarantine(db),
    db,
    name,
    bus,
    sessions,
    roster,
    secret,
    config: loadConfig(env, { role: 'node' }),
    logger: pino({ level: 'silent' }),
    timers: systemTimers,
    now: Date.now,
  });
  return {
    ...accounts,
    async close() {
      await accounts.close();
      await Promise.all([bus.close(), sessions.close(), roster.close()]);
    },
  };
}
