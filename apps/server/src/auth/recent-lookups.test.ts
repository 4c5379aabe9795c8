import { describe, expect, it } from 'vitest';
import { RecentLookups } from './recent-lookups.ts';

/** Look-ups that a test answers by hand. */
function lookups(max = 3) {
  let now = 0;
  const asked: { readonly key: string; answer(value: string | null): void }[] = [];
  const recent = new RecentLookups<string>({ keepMs: 1_000, max, now: () => now });
  const get = (key: string) =>
    recent.get(key, () => new Promise((answer) => void asked.push({ key, answer })));
  const found = async (key: string) => {
    const answer = get(key);
    asked.at(-1)?.answer(key);
    return await answer;
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { recent, asked, get, found, pass };
}

describe('recent look-ups', () => {
  it('look up once for all who ask at the same time, and again when it is old', async () => {
    const { asked, get, pass } = lookups();
    const both = Promise.all([get('a'), get('a')]);
    expect(asked).toHaveLength(1);
    asked[0]?.answer('A');
    expect(await both).toEqual(['A', 'A']);
    pass(999);
    expect(await get('a')).toBe('A');
    pass(1);
    const again = get('a');
    asked[1]?.answer('new');
    expect(await again).toBe('new');
  });

  it('keep nothing of what was not found', async () => {
    const { asked, get } = lookups();
    for (const index of [0, 1]) {
      const answer = get('a');
      asked[index]?.answer(null);
      expect(await answer).toBeNull();
    }
  });

  it('forget what they are told to, and what may have been read before', async () => {
    const { recent, asked, get, found } = lookups();
    await found('a');
    await found('b');
    const underWay = get('c');
    recent.forget((value) => value === 'a');
    asked.at(-1)?.answer('old');
    await expect.poll(() => asked.length).toBe(4);
    asked.at(-1)?.answer('new');
    expect(await underWay).toBe('new');
    expect(await get('b')).toBe('b');
    void get('a');
    expect(asked.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'c', 'a']);
  });

  it('reject for all, and ask again', async () => {
    const { recent, found } = lookups();
    const fail = () => recent.get('a', () => Promise.reject(new Error('away')));
    const both = [fail(), fail()];
    for (const one of both) await expect(one).rejects.toThrow('away');
    expect(await found('a')).toBe('a');
  });

  it('hold so many at most', async () => {
    const { asked, get, found } = lookups();
    for (const key of ['a', 'b', 'c', 'd']) await found(key);
    expect(await get('b')).toBe('b');
    void get('a');
    expect(asked.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd', 'a']);
  });
});
