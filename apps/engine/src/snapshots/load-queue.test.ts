import { describe, expect, it } from 'vitest';
import { LoadQueue } from './load-queue.ts';

/** A store that answers when it is told to. */
function slowStore() {
  const calls: { keys: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const queue = new LoadQueue<string, string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>();
    const found = keys.filter((key) => key !== 'unknown').map((key) => [key, `value of ${key}`] as const);
    calls.push({ keys, answer: () => resolve(new Map(found)), fail: reject });
    return promise;
  });
  return { calls, queue };
}

/** Everything that is due in this turn of the event loop has happened. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('LoadQueue', () => {
  it('asks at once for a lone key, and tells it from one that is not there', async () => {
    const { calls, queue } = slowStore();
    const loaded = Promise.all([queue.load('a'), queue.load('unknown')]);
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([['a', 'unknown']]);
    calls[0]?.answer();
    expect(await loaded).toEqual(['value of a', null]);
  });

  it('asks together for what comes while two calls are under way, each key once', async () => {
    const { calls, queue } = slowStore();
    const loads: Promise<string | null>[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'c']) {
      loads.push(queue.load(key));
      await turn();
    }
    expect(calls.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    calls[1]?.answer();
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([['a'], ['b'], ['c', 'd']]);
    calls[0]?.answer();
    calls[2]?.answer();
    expect(await Promise.all(loads)).toEqual(['a', 'b', 'c', 'd', 'c'].map((key) => `value of ${key}`));
  });

  it('asks for 128 keys at most', async () => {
    const { calls, queue } = slowStore();
    const loads = Array.from({ length: 300 }, (_, i) => queue.load(`${i}`));
    await turn();
    for (let i = 0; i < 3; i++) {
      calls[i]?.answer();
      await turn();
    }
    expect((await Promise.all(loads)).at(-1)).toBe('value of 299');
    expect(calls.map(({ keys }) => keys.length)).toEqual([128, 128, 44]);
  });

  it('rejects those whose call failed, and goes on with the others', async () => {
    const { calls, queue } = slowStore();
    const first = queue.load('a');
    await turn();
    const second = queue.load('b');
    await turn();
    const third = queue.load('c');
    calls[0]?.fail(new Error('no answer'));
    await expect(first).rejects.toThrow('no answer');
    await turn();
    for (const { answer } of calls.slice(1)) answer();
    expect(await second).toBe('value of b');
    expect(await third).toBe('value of c');
  });
});
