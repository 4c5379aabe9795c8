import { describe, expect, it } from 'vitest';
import { foldDocument } from './fold.ts';
import { FoldPace } from './fold-pace.ts';
import { appendAll, freshDoc, typed, useFoldStores } from './testing/fold-stores.ts';

const HOUR = 3_600_000;

/** A worker's clock and a store's that is `aheadMs` from it. */
function clocks(aheadMs: number) {
  let now = 1_000;
  return {
    pace: new FoldPace(() => now),
    store: () => now + aheadMs,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('FoldPace', () => {
  it.each([0, HOUR, -HOUR])(
    'SNAP5 an idle document is due 5 s after a first look that knew no better (clock %i ms off)',
    (aheadMs) => {
      const { pace, store, pass } = clocks(aheadMs);
      const at = store();
      pass(5_000);
      const waitMs = pace.waitMs(at, at);
      expect(waitMs).toBeLessThanOrEqual(5_000);
      pass(waitMs);
      expect(pace.waitMs(at, at)).toBe(0);
    },
  );

  it.each([0, HOUR, -HOUR])(
    'SNAP5 continuous editing is folded after 25 s, not before (clock %i ms off)',
    (aheadMs) => {
      const { pace, store, pass } = clocks(aheadMs);
      const first = store();
      let passed = 0;
      for (;;) {
        const waitMs = pace.waitMs(first, store() - 20);
        if (waitMs === 0) break;
        pass(waitMs);
        passed += waitMs;
        expect(passed).toBeLessThan(28_000);
      }
      expect(passed).toBeGreaterThan(24_000);
    },
  );

  it('SNAP5 what was seen of one document dates the entries of another', () => {
    const { pace, store, pass } = clocks(HOUR);
    const idleSince = store();
    pass(10_000);
    pace.waitMs(store(), store());
    expect(pace.waitMs(idleSince, idleSince)).toBe(0);
  });

  it('a store whose clock is set back is believed again within ten minutes', () => {
    let aheadMs = HOUR;
    let now = 0;
    const pace = new FoldPace(() => now);
    pace.waitMs(now + aheadMs, now + aheadMs);
    aheadMs = 0;
    expect(pace.waitMs(now, now)).toBe(0);
    now += 301_000;
    pace.waitMs(now, now);
    now += 301_000;
    expect(pace.waitMs(now, now)).toBe(5_000);
  });
});

describe('SNAP5 in a fold', () => {
  const stores = useFoldStores();

  it('SNAP5 waits while somebody types, and folds when they stop', async () => {
    const docId = freshDoc();
    const updates = typed('typing');
    for (const update of updates) {
      await appendAll(stores, docId, [update]);
      expect(await foldDocument(stores, docId)).toMatchObject({
        result: 'waiting',
        verdict: { kind: 'again' },
      });
      stores.pass(1_000);
    }
    stores.pass(2_000);
    expect(await foldDocument(stores, docId)).toMatchObject({ result: 'folded', entries: 6 });
  });
});
