/** Joins a document by many doors at once and tells its parent how long each took. */
import { watchGenerator } from '../generator-watch.ts';
import { rawJoin } from '../raw-join.ts';
import type { Joined, JoiningCrowd } from './joining-crowd.ts';

process.once('message', async ({ doors, bytes }: JoiningCrowd) => {
  const generator = watchGenerator();
  const startedAt = performance.now();
  const timesMs: number[] = [];
  const failures: string[] = [];
  await Promise.all(
    doors.map(async (door) => {
      try {
        const received = await rawJoin(door);
        if (received < bytes) throw new Error(`got ${received} of ${bytes} bytes`);
        timesMs.push(performance.now() - startedAt);
      } catch (error) {
        failures.push(String(error));
      }
    }),
  );
  const joined: Joined = {
    timesMs: timesMs.toSorted((a, b) => a - b),
    failures: [...new Set(failures)],
    generator: generator(),
  };
  process.send?.(joined, () => process.disconnect());
});
process.send?.('ready');
