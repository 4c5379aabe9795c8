import { expect, it } from 'vitest';
import { eventually } from './eventually.ts';

it('resolves with the first answer that is neither false nor null', async () => {
  const answers = [false, null, 0, 1];
  expect(await eventually(() => answers.shift() ?? null, { what: 'an answer', everyMs: 1 })).toBe(0);
});

it('takes an exception for "not yet" and names the last one when the deadline passes', async () => {
  const failing = () => {
    throw new Error('three of four are here');
  };
  const patience = { what: 'all four are here', withinMs: 50, everyMs: 5 };
  await expect(eventually(failing, patience)).rejects.toThrow(
    /not within 50 ms \(\d+ looks\): all four are here; last error: three of four are here/,
  );
});

it('gives up on a look that hangs', async () => {
  const never = () => new Promise<boolean>(() => {});
  await expect(eventually(never, { what: 'an answer', withinMs: 30 })).rejects.toThrow('no answer within');
});
