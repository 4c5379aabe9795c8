import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { ORIGIN } from '@kryton/engine/log/position.ts';
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

describe('loadBase', () => {
  it('LOG3 SNAP7 shows no empty document when the log has left the store since the snapshot was read', async () => {
    const { store, log } = openStore();
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'still here');
    const update = Y.encodeStateAsUpdate(doc);
    const { last } = store.open(docId, ORIGIN);
    store.append(docId, last, update);
    const position = { ...last, seq: 1 };

    let hasLooked = false;
    const snapshots: RoomPorts['snapshots'] = {
      async load() {
        const snapshot = store.load(docId);
        if (hasLooked) return snapshot;
        hasLooked = true;
        // The node stands still here; meanwhile a worker folds, and ten minutes pass.
        store.commit(docId, { position, state: update, stateVector: Y.encodeStateVector(doc) });
        store.trim(docId, position, -1);
        expect(store.expire()).toBe(1);
        return snapshot;
      },
      position: async () => store.load(docId)?.position ?? null,
      commit: async () => expect.fail('a node commits nothing'),
    };
    const metrics = { load() {}, setAside() {} };
    const ports = { node: makeNodeId('node', '1'), log, snapshots, metrics } as unknown as RoomPorts;
    const base = await loadBase(ports, docId, ORIGIN);
    expect(Buffer.from(base.encodedStateVector())).toEqual(Buffer.from(Y.encodeStateVector(doc)));
    expect(Buffer.from(base.state)).toEqual(Buffer.from(update));
  });
});
