import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

describe('turns', () => {
  it('ROOM5 are given one at a time, in order, with other events in between', async () => {
    const timers = manualTimers();
    const turns = new Turns(timers);
    const seen: string[] = [];
    for (const name of ['a', 'b', 'c']) void turns.next().then(() => seen.push(name));
    timers.soon(() => seen.push('an event'));
    await timers.advance(0);
    expect(seen).toEqual(['a', 'an event', 'b', 'c']);
    void turns.next().then(() => seen.push('d'));
    await timers.advance(0);
    expect(seen.at(-1)).toBe('d');
  });
});
