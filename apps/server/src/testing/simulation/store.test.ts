import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { describeUpdateLog } from '@kryton/engine/log/update-log.contract.ts';
import { LogUnavailable } from '@kryton/engine/log/update-log.ts';
import { describeSnapshotStore } from '@kryton/engine/snapshots/snapshot-store.contract.ts';
import { SnapshotsUnavailable } from '@kryton/engine/snapshots/snapshot-store.ts';
import { seededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { NO_FAULTS, SimLine } from './line.ts';
import { SimBus, SimLog } from './log.ts';
import { SimProcess } from './process.ts';
import { SimStore } from './store.ts';
import { World } from './world.ts';

describeUpdateLog('simulated', async () => {
  const bus = new SimBus();
  const store = new SimStore(
    () => Date.now(),
    (docId, position, update) => bus.entry(docId, position, update),
  );
  const line = (name: string) =>
    new SimLine({
      process: new SimProcess({ name, clock: systemTimers, onKilled() {} }),
      clock: systemTimers,
      random: seededRandom(1),
      faults: () => NO_FAULTS,
      isAway: () => false,
      unavailable: (message) => new LogUnavailable(message),
      trace() {},
      count() {},
    });
  return {
    log: new SimLog(store, bus, line('one'), systemTimers),
    other: new SimLog(store, bus, line('other'), systemTimers),
    wipe: async (docId) => store.wipe(docId),
    rewind: async (docId, position) => {
      const last = store.head(docId)?.last ?? position;
      store.rewind(docId, last.seq - position.seq);
    },
    stop: async () => {},
  };
});

describeSnapshotStore('simulated', async () => {
  const world = new World(1);
  let isAway = false;
  const line = (name: string) =>
    new SimLine({
      process: new SimProcess({ name, clock: systemTimers, onKilled() {} }),
      clock: systemTimers,
      random: seededRandom(1),
      faults: () => NO_FAULTS,
      isAway: () => isAway,
      unavailable: (message) => new SnapshotsUnavailable(message, { cause: new Error('PostgreSQL') }),
      trace() {},
      count() {},
    });
  return {
    store: world.snapshotsOver(line('one')),
    other: world.snapshotsOver(line('other')),
    setDeleted: async (docId, agoMs) => {
      if (agoMs !== null) world.store.setDeleted(docId, agoMs);
    },
    disconnect: async () => {
      isAway = true;
    },
    stop: async () => {},
  };
});
