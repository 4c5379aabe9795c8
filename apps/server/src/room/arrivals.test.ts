import type { Position } from '@kryton/engine/log/position.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

const BYTES = Uint8Array.of(1);
const at = (seq: number): Position => ({ epoch: 1, seq });

/** Handing on one entry takes `costMs`. */
function arrivalsOf(costMs: number) {
  const timers = manualTimers();
  let spentMs = 0;
  const sent: { readonly at: number; readonly seqs: number[]; readonly isTogether: boolean }[] = [];
  let together: number[] | null = null;
  const arrivals = new Arrivals({
    timers: { ...timers, now: () => timers.now() + spentMs },
    onArrival: () => {},
    receive: ({ seq }) => {
      spentMs += costMs;
      if (together) together.push(seq);
      else sent.push({ at: timers.now(), seqs: [seq], isTogether: false });
    },
    together: (run) => {
      together = [];
      run();
      sent.push({ at: timers.now(), seqs: together, isTogether: true });
      together = null;
    },
  });
  return { timers, arrivals, sent };
}

describe('Arrivals', () => {
  it('ROOM2 what arrives in a small or a quiet document goes out at once', async () => {
    const small = arrivalsOf(0.1);
    for (const seq of [1, 2]) small.arrivals.add(at(seq), BYTES);
    expect(small.sent.map(({ seqs }) => seqs)).toEqual([[1], [2]]);
    const quiet = arrivalsOf(2);
    quiet.arrivals.add(at(1), BYTES);
    await quiet.timers.advance(500);
    quiet.arrivals.add(at(2), BYTES);
    expect(quiet.sent.map(({ seqs }) => seqs)).toEqual([[1], [2]]);
  });

  it('ROOM2 in a crowd, what several nodes announce within a few ms leaves together, in its order', async () => {
    const { timers, arrivals, sent } = arrivalsOf(2);
    arrivals.add(at(1), BYTES);
    await timers.advance(50);
    arrivals.add(at(2), BYTES);
    await timers.advance(2);
    arrivals.add(at(3), BYTES);
    await timers.advance(20);
    expect(sent).toEqual([
      { at: 0, seqs: [1], isTogether: false },
      { at: 53, seqs: [2, 3], isTogether: true },
    ]);
  });

  it('hands on what waits when it is asked to, and nothing once it is closed', async () => {
    const { timers, arrivals, sent } = arrivalsOf(2);
    arrivals.add(at(1), BYTES);
    arrivals.add(at(2), BYTES);
    arrivals.flush();
    expect(sent.at(-1)?.seqs).toEqual([2]);
    arrivals.add(at(3), BYTES);
    arrivals.close();
    await timers.advance(100);
    expect(sent).toHaveLength(2);
  });
});
