import type { Position } from '@kryton/engine/log/position.ts';
import type { AppendResult, LogHead } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Snapshot } from '@kryton/engine/snapshots/snapshot-store.ts';
import { describe, expect, it } from 'vitest';
import { SimLog } from './log.ts';
import { simulate } from './simulation.ts';
import { SimStore } from './store.ts';

const SEEDS = 500;
const BATCH = 50;
/** Within which a mistake has to be found. */
const MUTANT_SEEDS = 1_000;
/** A batch takes 2 s of a core that is free, and the mistake that hides longest 20 s; in ms. */
const TIMEOUT_MS = 240_000;

/** The rare ones show in a few of a hundred seeds, and which these are changes with the code. */
const RARE_SEEDS = 200;

/** All that may go wrong, as the simulation counts it. */
const MISHAPS = [
  ...[
    'call lost',
    'call unheard',
    'call late',
    'call refused',
    'call reset',
    'call killed before',
    'call killed after',
    'call stopped',
    'message dropped',
    'message doubled',
    'message overtaken',
  ],
  ...[
    'killNode',
    'drainOneNode',
    'freezeNode',
    'takePostgresAway',
    'killWorker',
    'freezeWorker',
    'cutNode',
    'deafen',
    'takeRedisAway',
    'restartRedis',
  ],
  ...[
    'wipeRedis',
    'loseTails',
    'fallBackToCopy',
    'cutClient',
    'stallClient',
    'editOffline',
    'leaveForGood',
    'expireLogs',
  ],
  ...['resync gap', 'resync tail', 'resync epoch', 'resync lost', 'resync slow-reader'],
  ...['work failed: fold', 'work failed: diff', 'work failed: merge', 'client gave up silence'],
  ...['fold folded', 'fold overtaken', 'fold waiting'],
];

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
    TIMEOUT_MS,
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

  it(
    'everything that may go wrong does',
    async () => {
      const missing = new Set(MISHAPS);
      for (let seed = 1; seed <= RARE_SEEDS && missing.size > 0; seed++)
        for (const what of (await simulate(seed)).counts.keys()) missing.delete(what);
      expect([...missing]).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['LOG1 a log that now and then acknowledges what it does not store', { store: ForgetfulStore }],
    ['LOG3 a log that is written on after it lost its end', { store: OvergrownStore }],
    ['LOG4 a log that is never asked where it ends', { log: HeadlessLog }],
    ['LOG6 a batch that is dropped when its append fails', { log: CarelessLog }],
    ['SNAP1 a snapshot store that lets older ones in', { store: AnyOrderStore }],
    ['SNAP3 a trim that takes one entry too many', { store: GreedyStore }],
  ])(
    'finds %s',
    async (_what, options) => {
      let seed = 1;
      while (seed <= MUTANT_SEEDS && (await simulate(seed, options)).problems.length === 0) seed++;
      expect(seed, 'the seed that finds it').toBeLessThanOrEqual(MUTANT_SEEDS);
    },
    TIMEOUT_MS,
  );
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
  override trim(docId: DocId, covered: Position, keepMs: number): number {
    return super.trim(docId, { ...covered, seq: covered.seq + 1 }, keepMs);
  }
}

class CarelessLog extends SimLog {
  override append(docId: DocId, known: Position, update: Uint8Array): Promise<AppendResult> {
    return super.append(docId, known, update).catch(() => ({ kind: 'appended', position: known }));
  }
}

class HeadlessLog extends SimLog {
  override heads(): Promise<(LogHead | null)[]> {
    return Promise.resolve([]);
  }
}
