import { expect, it } from 'vitest';
import { EmbeddedSessionStorage } from './embedded-session-storage.ts';
import { describeSessionStorage } from './session-storage.contract.ts';

describeSessionStorage('embedded', async () => {
  let nowMs = 1_000;
  const storage = new EmbeddedSessionStorage(() => nowMs);
  return {
    storage,
    other: storage,
    pass: async (ms) => {
      nowMs += ms;
    },
    stop: () => storage.close(),
  };
});

it('keeps sessions while a flood of counts comes and goes', async () => {
  const storage = new EmbeddedSessionStorage(() => 0, 100);
  await storage.set('session', 'mine', 7 * 86_400);
  for (let i = 0; i < 1_000; i++) await storage.increment(`address ${i}`, 60);
  expect(await storage.get('session')).toBe('mine');
});
