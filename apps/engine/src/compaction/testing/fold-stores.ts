import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import * as Y from 'yjs';
import { connectDatabase, type DatabaseConnection } from '../../database/connect-database.ts';
import { migrate } from '../../database/migrate.ts';
import { startPglite } from '../../database/pglite-host.ts';
import { EmbeddedUpdateLog } from '../../log/embedded-update-log.ts';
import { ORIGIN } from '../../log/position.ts';
import { type DocId, parseDocId } from '../../protocol/ids.ts';
import { PostgresSnapshotStore } from '../../snapshots/postgres-snapshot-store.ts';
import type { SnapshotStore } from '../../snapshots/snapshot-store.ts';
import type { FoldParts } from '../fold.ts';
import { FoldPace } from '../fold-pace.ts';
import { createHeavyWork } from '../heavy-work.ts';
import { PostgresQuarantine } from '../postgres-quarantine.ts';

export type FoldStores = FoldParts & {
  readonly log: EmbeddedUpdateLog;
  readonly snapshots: SnapshotStore;
  readonly quarantine: PostgresQuarantine;
  readonly database: DatabaseConnection;
  /** Lets `ms` pass by the store's clock and by the worker's. */
  readonly pass: (ms: number) => void;
  readonly stop: () => Promise<void>;
};

/** A first start initialises the embedded database. */
const START_MS = 60_000;

/** {@link openFoldStores} for all tests of the file or block that calls this; to be used inside of tests only. */
export function useFoldStores(): FoldStores {
  // Filled before the first test runs.
  const stores = {} as FoldStores;
  beforeAll(async () => {
    Object.assign(stores, await openFoldStores());
  }, START_MS);
  afterAll(() => stores.stop());
  return stores;
}

/** What a fold works on, all of it real: the embedded log and database, threads. The clocks belong to the test. */
export async function openFoldStores(): Promise<FoldStores> {
  const host = await startPglite({ dataDir: null });
  const database = await connectDatabase(host.address, { applicationName: 'folds' });
  await migrate(database.db);
  let passedMs = 0;
  // The store's clock is an hour ahead of nothing in particular; the worker's starts at 0.
  const log = new EmbeddedUpdateLog(database.db, () => 1_700_000_000_000 + passedMs);
  const folder = createHeavyWork({ maxThreads: 2, memoryMb: 512 });
  return {
    log,
    database,
    snapshots: new PostgresSnapshotStore(database.db),
    quarantine: new PostgresQuarantine(database.db),
    folder,
    pace: new FoldPace(() => passedMs),
    pass: (ms) => {
      passedMs += ms;
    },
    stop: async () => {
      await folder.close();
      await database.close();
      await host.stop();
    },
  };
}

export function freshDoc(): DocId {
  const docId = parseDocId(randomUUID());
  if (docId === null) throw new Error('a UUID is a document id');
  return docId;
}

/** Appends behind whatever the log holds. */
export async function appendAll(
  { log }: Pick<FoldStores, 'log'>,
  docId: DocId,
  updates: readonly Uint8Array[],
): Promise<void> {
  const head = await log.open(docId, ORIGIN);
  const results = await Promise.all(updates.map((update) => log.append(docId, head.last, update)));
  if (results.some(({ kind }) => kind !== 'appended')) throw new Error('an update was not appended');
}

/** How many entries the log holds, covered or not. */
export async function logLength({ database }: Pick<FoldStores, 'database'>, docId: DocId): Promise<number> {
  const rows = await database.db
    .selectFrom('log_entries')
    .select('seq')
    .where('doc_id', '=', docId)
    .execute();
  return rows.length;
}

/** What a newcomer is served: the stored snapshot and the log entries behind it. */
export async function loadDocument({ log, snapshots }: FoldParts & FoldStores, docId: DocId): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const snapshot = await snapshots.load(docId);
  if (snapshot) Y.applyUpdate(doc, snapshot.state);
  const page = await log.read(docId, snapshot?.position ?? ORIGIN, 1_000_000);
  if (page.kind !== 'entries') throw new Error(`the log does not reach the snapshot: ${page.kind}`);
  for (const { update } of page.entries) Y.applyUpdate(doc, update);
  return doc;
}

/** The updates that one author's edits make, one each. */
export function editsOf(edits: readonly ((text: Y.Text) => void)[], client = 1): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = client;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const edit of edits) edit(doc.getText('text'));
  return updates;
}

/** `text` typed character by character. */
export function typed(text: string, client = 1): Uint8Array[] {
  return editsOf(
    [...text].map((character, at) => (target) => target.insert(at, character)),
    client,
  );
}
