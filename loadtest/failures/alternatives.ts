import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { sql } from 'kysely';
import type { StartFailingSystem } from './failing-system.ts';
import { hocuspocusClient } from './hocuspocus-client.ts';
import { startPlainSystem } from './plain-failing-system.ts';
import { Saves } from './saves.ts';
import { yWebsocketClient } from './y-websocket-client.ts';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SAME_REDIS = 'Redis with `appendonly yes`, `appendfsync always`, as for Kryton';
const NONE =
  'none: the server says nothing to the author. What another connected client has is delivered, and no more is known';

/** Hocuspocus with its Redis extension, its Database extension on PostgreSQL. */
export const startFailingHocuspocus: StartFailingSystem = async () => {
  const postgres = await startPostgres();
  const database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
  await sql`CREATE TABLE documents (name text PRIMARY KEY, data bytea NOT NULL)`.execute(database.db);
  return await startPlainSystem({
    name: 'Hocuspocus',
    acknowledgement:
      'SyncStatus (message type 8), by which its own provider counts unsynced changes: none are left',
    configuration: `4.7.0 with extension-redis and extension-database on PostgreSQL, at their defaults: saved 2 s after the last edit, after 10 s at the latest, and when the last client of a node leaves (debounce 2000, maxDebounce 10000, unloadImmediately); ${SAME_REDIS}`,
    saves: new Saves(database.db, { table: 'documents', idColumn: 'name' }),
    main: file('./hocuspocus-main.ts'),
    env: { DATABASE_URL: postgres.url },
    client: hocuspocusClient,
    async close() {
      await database.close();
      await postgres.stop();
    },
  });
};

/** The loop of a y-websocket server, its documents bound to Redis by y-redis. */
export const startFailingYRedis: StartFailingSystem = () =>
  startPlainSystem({
    name: 'y-redis',
    acknowledgement: NONE,
    configuration: `y-redis 1.0.3 keeps each update in a list of Redis, which is its store; ${SAME_REDIS}`,
    saves: null,
    main: file('../bench/systems/y-redis-main.ts'),
    client: yWebsocketClient,
  });

/** The raw relay. */
export const startFailingRelay: StartFailingSystem = () =>
  startPlainSystem({
    name: 'relay',
    acknowledgement: NONE,
    configuration: 'passes frames on and keeps nothing, so nobody who comes later finds anything',
    saves: null,
    main: file('../bench/systems/relay-main.ts'),
    client: yWebsocketClient,
  });
