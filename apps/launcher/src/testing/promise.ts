import { Buffer } from 'node:buffer';
import { ORIGIN } from '@kryton/engine/log/position.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { connectRedis } from '@kryton/engine/redis/redis-stores.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import * as Y from 'yjs';
import type { Crowd } from './crowd.ts';
import type { FaultCluster } from './fault-cluster.ts';
import type { RecordingClient } from './recording-client.ts';

export type PromiseOptions = {
  /** Until everybody is synced and everything acknowledged, in ms; 15,000 unless told. */
  readonly withinMs?: number;
};

/**
 * The promise, looked at after a fault: what was acknowledged is in every replica exactly once, what was erased is
 * gone, and every client, a newcomer on every node and snapshot + log read straight from the stores hold the same
 * (state vector, delete set, content). Throws an Error that names what is missing, doubled or different.
 */
export async function expectPromiseKept(
  cluster: FaultCluster,
  crowd: Crowd,
  { withinMs = 15_000 }: PromiseOptions = {},
): Promise<void> {
  await eventually(
    () => {
      const open = crowd.unacknowledged;
      if (open > 0) throw new Error(`${open} edits are not acknowledged`);
      return true;
    },
    { what: 'all edits are acknowledged', withinMs },
  );
  for (const docId of crowd.docIds) {
    const clients = crowd.clients.filter((client) => client.docId === docId);
    await eventually(() => sameEverywhere(clients.map(({ name, doc }) => ({ name, doc }))), {
      what: `the clients of ${docId} have converged`,
      withinMs,
    });
    const [first] = clients;
    if (!first) continue;
    expectTokens(clients, first.text.toString());
    await expectNewcomersSee(cluster, docId, first);
    await expectStored(cluster, parseDocId(docId), first);
  }
}

/** Every promised token once, every erased one gone, nothing that nobody typed. */
export function expectTokens(clients: readonly RecordingClient[], content: string): void {
  const counts = new Map<string, number>();
  for (const [token] of content.matchAll(/\[[^\]]*\]/g)) counts.set(token, (counts.get(token) ?? 0) + 1);
  const problems: string[] = [];
  const typed = new Set<string>();
  for (const client of clients) {
    for (const token of client.typed()) typed.add(token);
    for (const token of client.promised()) {
      const count = counts.get(token) ?? 0;
      if (count !== 1) problems.push(`${token} was acknowledged and is there ${count} times`);
    }
    for (const token of client.erased())
      if (counts.has(token)) problems.push(`${token} was erased and is there`);
  }
  for (const [token, count] of counts) {
    if (!typed.has(token)) problems.push(`${token} was typed by nobody`);
    else if (count > 1) problems.push(`${token} is there ${count} times`);
  }
  const length = content.replaceAll(/\[[^\]]*\]/g, '').length;
  if (length > 0) problems.push(`${length} characters belong to no token`);
  if (problems.length > 0) {
    throw new Error(`the promise is broken ${problems.length} times: ${problems.slice(0, 5).join('; ')}`);
  }
}

async function expectNewcomersSee(
  { bases, somebody }: FaultCluster,
  docId: string,
  first: RecordingClient,
): Promise<void> {
  for (const base of bases) {
    const newcomer = stockClient(base, docId, { presence: false, as: somebody });
    try {
      await newcomer.synced();
      await eventually(() => sameEverywhere([first, { name: `a newcomer on ${base}`, doc: newcomer.doc }]), {
        what: 'a newcomer sees the same',
      });
    } finally {
      newcomer.close();
    }
  }
}

async function expectStored(
  { redisUrl, database }: FaultCluster,
  docId: DocId | null,
  first: RecordingClient,
): Promise<void> {
  if (docId === null) throw new Error('the crowd edits a document without a valid id');
  const redis = await connectRedis({ url: redisUrl, name: 'test', onError: () => {} });
  const log = await redis.updateLog();
  try {
    await eventually(
      async () => {
        const stored = await storedDocument(log, new PostgresSnapshotStore(database.db), docId);
        return sameEverywhere([first, { name: 'snapshot + log', doc: stored }]);
      },
      { what: 'the stores hold the same' },
    );
  } finally {
    await log.close();
    await redis.close();
  }
}

/** Snapshot + log, read without any node. */
export async function storedDocument(
  log: UpdateLog,
  snapshots: PostgresSnapshotStore,
  docId: DocId,
): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const snapshot = await snapshots.load(docId);
  if (snapshot) Y.applyUpdate(doc, snapshot.state);
  let after = snapshot?.position ?? ORIGIN;
  for (;;) {
    const page = await log.read(docId, after, 1_000);
    if (page.kind !== 'entries') return doc;
    for (const { update } of page.entries) Y.applyUpdate(doc, update);
    const last = page.entries.at(-1);
    if (!page.more || !last) return doc;
    after = last.position;
  }
}

function sameEverywhere(replicas: readonly { readonly name: string; readonly doc: Y.Doc }[]): true {
  const [first, ...others] = replicas;
  if (!first) return true;
  const text = first.doc.getText('content').toString();
  const snapshot = Buffer.from(Y.encodeSnapshot(Y.snapshot(first.doc)));
  for (const { name, doc } of others) {
    const its = doc.getText('content').toString();
    if (its !== text) throw new Error(`${name} has ${its.length} characters, ${first.name} ${text.length}`);
    if (!snapshot.equals(Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))))) {
      throw new Error(`${name} and ${first.name} have the same text and other state vectors or delete sets`);
    }
    if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
      throw new Error(`${name} waits for a missing dependency`);
    }
  }
  return true;
}
