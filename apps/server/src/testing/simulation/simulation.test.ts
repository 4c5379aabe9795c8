import type { Position } from '@kryton/engine/log/position.ts';
import type { AppendResult, TrimResult } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Snapshot } from '@kryton/engine/snapshots/snapshot-store.ts';
import { describe, expect, it } from 'vitest';
import { simulate } from './simulation.ts';
import { SimStore } from './store.ts';

const SEEDS = 500;
const BATCH = 50;

describe('the simulation', () => {
  it.each(Array.from({ length: SEEDS / BATCH }, (_, batch) => 1 + batch * BATCH))(
    'LOG1 LOG2 LOG3 LOG6 SNAP1 SNAP2 SNAP3 ROOM4 fifty seeds from %i keep the promise',
    async (from) => {
      for (let seed = from; seed < from + BATCH; seed++) {
        const { problems, acknowledged } = await simulate(seed);
        expect(problems, `npm run simulate -- --seed ${seed} shows what happened`).toEqual([]);
        expect(acknowledged, `seed ${seed} edits something`).toBeGreaterThan(0);
      }
    },
  );

  it('a seed gives the same run each time, event by event', async () => {
    const [first, again, other] = [
      await simulate(7, { isTracing: true }),
      await simulate(7, { isTracing: true }),
      await simulate(8, { isTracing: true }),
    ];
    expect(first.trace.length).toBeGreaterThan(50);
    expect(again).toEqual(first);
    expect(other.trace).not.toEqual(first.trace);
  });

  it('everything that may go wrong does', async () => {
    const counts = new Set<string>();
    for (let seed = 1; seed <= 40; seed++)
      for (const what of (await simulate(seed)).counts.keys()) counts.add(what);
    expect([...counts]).toEqual(
      expect.arrayContaining([
        ...[
          'call lost',
          'call unheard',
          'call late',
          'message dropped',
          'message doubled',
          'message overtaken',
        ],
        ...['killNode', 'killWorker', 'freezeWorker', 'cutNode', 'deafen', 'takeRedisAway', 'restartRedis'],
        ...[
          'wipeRedis',
          'loseTails',
          'cutClient',
          'stallClient',
          'editOffline',
          'leaveForGood',
          'expireLogs',
        ],
        ...['resync gap', 'resync tail', 'resync epoch', 'resync lost', 'resync slow-reader'],
        ...['fold folded', 'fold overtaken', 'fold waiting'],
      ]),
    );
  });

  it.each([
    ['LOG1 a log that now and then acknowledges what it does not store', ForgetfulStore],
    ['LOG3 a log that is written on after it lost its end', OvergrownStore],
    ['SNAP1 a snapshot store that lets older ones in', AnyOrderStore],
    ['SNAP3 a trim that takes one entry too many', GreedyStore],
  ])('finds %s', async (_what, store) => {
    let seed = 1;
    while (seed <= 200 && (await simulate(seed, { store })).problems.length === 0) seed++;
    expect(seed).toBeLessThanOrEqual(200);
  });
});

class ForgetfulStore extends SimStore {
  #appends = 0;

  override append(docId: DocId, known: Position, update: Uint8Array): AppendResult {
    const result = super.append(docId, known, update);
    if (result.kind === 'appended' && ++this.#appends % 40 === 0) this.rewind(docId, 1);
    return result;
  }
}

class OvergrownStore extends SimStore {
  override restart(): void {
    // The run stays the same, as for a log that does not know of runs.
  }
}

class AnyOrderStore extends SimStore {
  override commit(docId: DocId, snapshot: Snapshot): boolean {
    this.forgetSnapshot(docId);
    return super.commit(docId, snapshot);
  }
}

class GreedyStore extends SimStore {
  override trim(docId: DocId, covered: Position, keepMs: number): TrimResult {
    return super.trim(docId, { ...covered, seq: covered.seq + 1 }, keepMs);
  }
}
