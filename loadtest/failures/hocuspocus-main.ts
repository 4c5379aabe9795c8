/**
 * One Hocuspocus server with its Redis extension and its Database extension on PostgreSQL, as its documentation puts
 * them together, everything else at its defaults: `PORT`, `REDIS_PORT`, `DATABASE_URL`.
 */
import { Database } from '@hocuspocus/extension-database';
import { Redis } from '@hocuspocus/extension-redis';
import { Server } from '@hocuspocus/server';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { sql } from 'kysely';
import { HOST, portIn } from '../bench/systems/node-ports.ts';

const { db } = await connectDatabase(
  { url: process.env['DATABASE_URL'] ?? '' },
  { applicationName: 'hocuspocus' },
);

const database = new Database({
  async fetch({ documentName }) {
    const { rows } = await sql<{ data: Uint8Array }>`
      SELECT data FROM documents WHERE name = ${documentName}`.execute(db);
    return rows[0]?.data ?? null;
  },
  async store({ documentName, state }) {
    await sql`
      INSERT INTO documents (name, data) VALUES (${documentName}, ${state})
      ON CONFLICT (name) DO UPDATE SET data = excluded.data`.execute(db);
  },
});
const server = new Server({
  address: HOST,
  port: portIn('PORT'),
  quiet: true,
  extensions: [new Redis({ host: HOST, port: portIn('REDIS_PORT') }), database],
});
await server.listen();
