import { randomBytes } from 'node:crypto';
import { setInterval as every } from 'node:timers/promises';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { logKey } from '@kryton/engine/log/keys.ts';
import { encodeSyncStep1, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { Redis } from 'ioredis';
import * as Y from 'yjs';
import type { Figures } from './figures.ts';
import type { Trouble } from './start-troublemaker.ts';
import type { OpenSocket } from './trouble-socket.ts';

const POISON_EVERY_MS = 100;
const NOBODY = Uint8Array.of(0);

/**
 * Writes what cannot be read straight into the log of one document and into the snapshot of another, again and again,
 * while clients open both and edit the first.
 */
export async function poison(
  trouble: Extract<Trouble, { kind: 'poison' }>,
  openSocket: OpenSocket,
  figures: Figures,
): Promise<void> {
  const { bases, docId, redisUrl, databaseUrl } = trouble;
  const redis = new Redis(redisUrl);
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'poison' });
  const editor = await openSocket(bases[0] ?? '', docId);
  const doc = new Y.Doc();
  doc.on('update', (update: Uint8Array) => editor.send(encodeUpdate(update)));
  const key = logKey(parseDocId(docId) ?? fail(docId));
  const broken = parseDocId(`${docId}-snapshot`) ?? fail(docId);
  await database.db
    .insertInto('document_snapshots')
    .values({ doc_id: broken, epoch: 1, seq: 1, state: randomBytes(500), state_vector: randomBytes(50) })
    .execute();
  figures['begun'] = 1;
  for await (const _ of every(POISON_EVERY_MS)) {
    const rounds = (figures['rounds'] ?? 0) + 1;
    figures['rounds'] = rounds;
    doc.getText('content').insert(0, 'honest ');
    const head = await redis.call('XINFO', 'STREAM', key).catch(() => null);
    const last = Array.isArray(head) ? String(head[head.indexOf('last-generated-id') + 1]) : null;
    for (const bytes of poisons()) {
      if (last) await redis.xadd(key, `${last.split('-')[0]}-*`, 't', String(Date.now()), 'u', bytes);
    }
    const base = bases[rounds % bases.length] ?? '';
    for (const opened of [docId, broken]) {
      const socket = await openSocket(base, opened).catch(() => null);
      socket?.on('message', () => {
        figures['answers'] = (figures['answers'] ?? 0) + 1;
      });
      socket?.send(encodeSyncStep1(NOBODY));
      setTimeout(() => socket?.terminate(), 1_000);
    }
  }
}

/** Noise; an honest update cut in half; structs of a length that no replica can hold (FACTS of Yjs 13.6.33). */
function poisons(): Buffer[] {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, 'cut in half');
  const honest = Buffer.from(Y.encodeStateAsUpdate(doc));
  const endless = Buffer.from([1, 1, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
  return [randomBytes(200), honest.subarray(0, honest.length / 2), endless, Buffer.alloc(0)];
}

function fail(docId: string): never {
  throw new Error(`${docId} is no document id`);
}
