import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import { LogUnavailable } from '@kryton/engine/log/update-log.ts';
import { makeNodeId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { NO_FAULTS, SimLine } from '../testing/simulation/line.ts';
import { SimBus, SimLog } from '../testing/simulation/log.ts';
import { SimProcess } from '../testing/simulation/process.ts';
import { SimStore } from '../testing/simulation/store.ts';
import { loadBase } from './base-loader.ts';
import type { RoomPorts } from './room-ports.ts';

const docId = parseDocId('a') ?? expect.fail('it is a document id');

function openStore() {
  const bus = new SimBus();
  const store = new SimStore(
    () => Date.now(),
    (id, position, update) => bus.entry(id, position, update),
  );
  const line = new SimLine({
    process: new SimProcess({ name: 'node', clock: systemTimers, onKilled() {} }),
    clock: systemTimers,
    random: seededRandom(1),
    faults: () => NO_FAULTS,
    unavailable: (message) => new LogUnavailable(message),
    isAway: () => false,
    trace() {},
    count() {},
  });
  return { store, log: new SimLog(store, bus, line, systemTimers) };
}

type Step = () => void;

/** Loads over a store to which `afterOpen` and `afterRead` happen once, behind these steps of the loading. */
function loading({ store, log }: ReturnType<typeof openStore>, afterOpen: Step, afterRead: Step) {
  const once = (step: Step) => {
    let isDone = false;
    return () => {
      if (!isDone) step();
      isDone = true;
    };
  };
  const [opened, read] = [once(afterOpen), once(afterRead)];
  const calls = { opens: [] as Position[], positions: 0 };
  const open: RoomPorts['log']['open'] = async (id, after) => {
    const head = await log.open(id, after);
    calls.opens.push(after);
    opened();
    return head;
  };
  const snapshots: RoomPorts['snapshots'] = {
    async load() {
      const snapshot = store.load(docId);
      read();
      return snapshot;
    },
    async position() {
      calls.positions++;
      return store.load(docId)?.position ?? null;
    },
  };
  const ports = {
    node: makeNodeId('node', '1'),
    log: { open, read: log.read.bind(log) },
    snapshots,
    metrics: { load() {}, setAside() {} },
  } as unknown as RoomPorts;
  return { calls, load: () => loadBase(ports, docId, ORIGIN) };
}

/** A log with one entry, and how a worker folds it away. */
function openStoreWithEntry() {
  const stores = openStore();
  const { store } = stores;
  const doc = new Y.Doc();
  doc.getText('content').insert(0, 'still here');
  const update = Y.encodeStateAsUpdate(doc);
  const { last } = store.open(docId, ORIGIN);
  store.append(docId, last, update);
  const position = { ...last, seq: 1 };
  const fold = () => {
    store.commit(docId, { position, state: update, stateVector: Y.encodeStateVector(doc) });
    store.trim(docId, position, -1);
  };
  // Ten minutes pass.
  const expire = () => expect(store.expire()).toBe(1);
  return { stores, position, fold, expire, update, stateVector: Y.encodeStateVector(doc) };
}

describe('loadBase', () => {
  it('LOG3 SNAP7 shows no empty document when the log has left the store since the snapshot was read', async () => {
    const { stores, fold, expire, update, stateVector } = openStoreWithEntry();
    const standsStill = () => {
      fold();
      expire();
    };
    const { base } = await loading(stores, () => {}, standsStill).load();
    expect(Buffer.from(base.encodedStateVector())).toEqual(Buffer.from(stateVector));
    expect(Buffer.from(base.state)).toEqual(Buffer.from(update));
  });

  it('LOG3 SNAP7 nor when it has left and begun anew', async () => {
    const { stores, fold, expire, stateVector } = openStoreWithEntry();
    const standsStill = () => {
      fold();
      expire();
      stores.store.open(docId, ORIGIN);
    };
    const { base } = await loading(stores, () => {}, standsStill).load();
    expect(Buffer.from(base.encodedStateVector())).toEqual(Buffer.from(stateVector));
  });

  it('SNAP7 reads the snapshot alone where the log has left the store, whatever happens meanwhile', async () => {
    const { stores, fold, expire, update } = openStoreWithEntry();
    fold();
    expire();
    const { calls, load } = loading(
      stores,
      () => {},
      () => {},
    );
    const { base } = await load();
    expect(Buffer.from(base.state)).toEqual(Buffer.from(update));
    expect(base.position).toEqual(stores.store.head(docId)?.last);
    expect(calls).toEqual({ opens: [ORIGIN], positions: 0 });
  });

  it('LOG3 opens the log again behind a snapshot that covers more than it holds', async () => {
    const { stores, position, fold, update } = openStoreWithEntry();
    fold();
    stores.store.wipe();
    // As if the clock of Redis had gone back.
    stores.store.commit(docId, {
      position: { epoch: position.epoch + 60_000, seq: 3 },
      state: update,
      stateVector: Uint8Array.of(0),
    });
    const { calls, load } = loading(
      stores,
      () => {},
      () => {},
    );
    const { base } = await load();
    expect(base.position).toEqual({ epoch: position.epoch + 60_001, seq: 0 });
    expect(calls.opens).toEqual([ORIGIN, { epoch: position.epoch + 60_000, seq: 3 }]);
  });

  it('SNAP1 loads a document that is folded between opening the log and reading the snapshot', async () => {
    const { stores, position, fold, stateVector } = openStoreWithEntry();
    const { base } = await loading(stores, fold, () => {}).load();
    expect(Buffer.from(base.encodedStateVector())).toEqual(Buffer.from(stateVector));
    expect(base.position).toEqual(position);
  });
});
