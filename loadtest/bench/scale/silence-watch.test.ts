import { expect, it } from 'vitest';
import { SilenceWatch } from './silence-watch.ts';

it('knows the longest silence of any connection, also one that has not ended', () => {
  let now = 1_000;
  const watch = new SilenceWatch(3, () => now);
  now += 20_000;
  for (const connection of [0, 1, 2]) watch.heard(connection);
  now += 5_000;
  watch.heard(0);
  expect(watch.longestMs).toBe(20_000);
  now += 16_000;
  watch.heard(0);
  expect(watch.longestMs).toBe(21_000);
  expect(watch.messages).toBe(5);
});
