import { encodePresence } from '@kryton/engine/protocol/frames.ts';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import { encodePresenceUpdate } from '@kryton/engine/protocol/presence-codec.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Principal } from '../auth/principal.ts';
import { rawClient } from '../testing/raw-client.ts';
import { type StockClient, stockClient } from '../testing/stock-client.ts';
import { baseOf, freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

describe('presence', () => {
  let cluster: TestCluster;
  const clients: StockClient[] = [];
  beforeAll(async () => {
    cluster = await startTestCluster({ redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') }, [
      {},
      {},
      {},
    ]);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => cluster.stop());

  const stock = (node: number, docId: string, name?: string) => {
    const client = stockClient(baseOf(nodeAt(cluster, node)), docId);
    if (name !== undefined) client.awareness.setLocalStateField('user', { name });
    clients.push(client);
    return client;
  };
  const seenBy = (client: StockClient) => client.awareness.getStates();

  it('PRES4 forty people on three nodes all see each other within 1 s', async () => {
    const docId = freshDoc();
    const crowd = Array.from({ length: 40 }, (_, i) => stock(i % 3, docId, `person ${i}`));
    await Promise.all(crowd.map((client) => client.synced()));
    await eventually(() => crowd.every((client) => seenBy(client).size === 40), {
      what: 'all see all',
      withinMs: 1_000,
    });
    const late = stock(2, docId, 'late');
    await late.synced();
    await eventually(() => seenBy(late).size === 41, {
      what: 'the newcomer sees everybody',
      withinMs: 1_000,
    });
    await eventually(() => crowd.every((client) => seenBy(client).has(late.doc.clientID)), {
      what: 'everybody sees the newcomer',
      withinMs: 1_000,
    });
  });

  it('PRES3 a closed socket is gone for all at once, also one that was cut off without a word', async () => {
    const docId = freshDoc();
    const [one, two, three] = [stock(0, docId, 'one'), stock(1, docId, 'two'), stock(2, docId, 'three')];
    await eventually(() => [one, two, three].every((client) => seenBy(client).size === 3), {
      what: 'all see all',
    });
    two.provider.shouldConnect = false;
    const socket = two.provider.ws as unknown as { terminate(): void };
    socket.terminate();
    await eventually(() => !seenBy(one).has(two.doc.clientID) && !seenBy(three).has(two.doc.clientID), {
      what: 'it is gone everywhere',
      withinMs: 1_000,
    });
    two.provider.connect();
    await eventually(() => seenBy(three).has(two.doc.clientID), { what: 'it is back', withinMs: 3_000 });
  });

  it('PRES3 a client that only reads shows too', async () => {
    const docId = freshDoc();
    const [silent, other] = [stock(0, docId, 'silent'), stock(1, docId, 'other')];
    await eventually(() => seenBy(other).has(silent.doc.clientID), {
      what: 'the reader shows',
      withinMs: 2_000,
    });
  });

  it('PRES2 nobody can speak for another, on whichever node', async () => {
    const docId = freshDoc();
    const [alice, watcher] = [stock(0, docId, 'alice'), stock(2, docId, 'watcher')];
    const id = alice.doc.clientID;
    await eventually(() => seenBy(watcher).has(id), { what: 'alice shows' });
    const forged = encodePresence(
      encodePresenceUpdate([{ clientId: id, clock: 1_000_000, state: '{"user":{"name":"mallory"}}' }]),
    );
    const gone = encodePresence(encodePresenceUpdate([{ clientId: id, clock: 2_000_000, state: 'null' }]));
    for (const node of [0, 1]) {
      const mallory = await rawClient(nodeAt(cluster, node).port, docId);
      await mallory.next('presence');
      mallory.send(forged);
      mallory.send(gone);
      mallory.barrier(1);
      await mallory.next('barrier');
      mallory.close();
    }
    alice.awareness.setLocalStateField('user', { name: 'still alice' });
    await eventually(() => seenBy(watcher).get(id)?.['user']?.name === 'still alice', {
      what: 'alice is heard',
    });
  });

  it('PRES2 a signed-in principal is shown under its own name, whatever the client claims', async () => {
    const authenticator = {
      identify: async (): Promise<Principal> => ({
        id: principalId('user-7'),
        kind: 'user',
        name: 'Ada Lovelace',
        credential: { kind: 'none' },
      }),
    };
    const node = await cluster.start({ authenticator });
    const docId = freshDoc();
    const ada = stockClient(baseOf(node), docId);
    clients.push(ada);
    ada.awareness.setLocalState({ user: { name: 'The Queen', id: 'queen', color: '#abc' } });
    const watcher = stock(0, docId, 'watcher');
    const user = await eventually(() => seenBy(watcher).get(ada.doc.clientID)?.['user'] ?? null, {
      what: 'ada shows',
    });
    expect(user).toEqual({ id: 'user-7', name: 'Ada Lovelace', color: '#abc' });
  });

  it.each(['guest', 'visitor'] as const)(
    'PRES2 a %s has a name of its own choice, and its own id',
    async (kind) => {
      const id = principalId(`${kind}:7`);
      const authenticator = {
        identify: async (): Promise<Principal> => ({ id, kind, name: kind, credential: { kind: 'none' } }),
      };
      const node = await cluster.start({ authenticator });
      const docId = freshDoc();
      const mallory = stockClient(baseOf(node), docId);
      clients.push(mallory);
      mallory.awareness.setLocalState({ user: { name: 'Mallory', id: 'user:ada' } });
      const watcher = stock(0, docId, 'watcher');
      const user = await eventually(() => seenBy(watcher).get(mallory.doc.clientID)?.['user'] ?? null, {
        what: 'mallory shows',
      });
      expect(user).toEqual({ id, name: 'Mallory' });
    },
  );

  it('PRES1 many moves in one window are one frame with the latest state', async () => {
    const docId = freshDoc();
    const watcher = await rawClient(nodeAt(cluster, 1).port, docId);
    await watcher.next('sync-step-1');
    const movers = Array.from({ length: 10 }, () => stock(0, docId));
    await Promise.all(movers.map((mover) => mover.synced()));
    const before = watcher.frames.length;
    for (let x = 1; x <= 50; x++) {
      for (const mover of movers) mover.awareness.setLocalStateField('x', x);
    }
    const other = stock(1, docId);
    await eventually(() => movers.every(({ doc }) => seenBy(other).get(doc.clientID)?.['x'] === 50), {
      what: 'the last state of each is seen',
    });
    // 500 moves; were each a frame, there would be as many.
    expect(watcher.frames.length - before).toBeLessThan(60);
    watcher.close();
  });
});
