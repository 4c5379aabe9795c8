import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import { type RawClient, rawClient } from '../testing/raw-client.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

describe('drain', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startTestCluster({ redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') }, [
      {},
      {},
    ]);
  });
  afterEach(() => cluster.stop());

  it('DRAIN1 a node that leaves is not ready, refuses upgrades, sends clients away in batches and keeps what they sent', async () => {
    const { node, port } = nodeAt(cluster, 0);
    const docId = freshDoc();
    const clients: RawClient[] = [];
    for (let i = 0; i < 10; i++) clients.push(await rawClient(port, docId));
    const closedAt: number[] = [];
    for (const client of clients) {
      await client.next('sync-step-1');
      void client.closed.then(() => closedAt.push(performance.now()));
    }
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'last words');
    clients[9]?.update(Y.encodeStateAsUpdate(doc));
    const draining = node.drain();
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    await expect(rawClient(port, docId)).rejects.toThrow('HTTP 503');
    await draining;
    for (const client of clients) expect((await client.closed).code).toBe(1012);
    // Sent away over the drain time (0.5 s here), not all at once.
    expect(Math.max(...closedAt) - Math.min(...closedAt)).toBeGreaterThan(150);

    const reader = await rawClient(nodeAt(cluster, 1).port, docId);
    const copy = new Y.Doc();
    await eventually(
      () => {
        for (const frame of reader.frames)
          if (frame.kind === 'sync-step-2') Y.applyUpdate(copy, frame.update);
        reader.askForEverything();
        return copy.getText('content').toString() === 'last words';
      },
      { what: 'what was sent last is in the log' },
    );
    reader.close();
  });
});
