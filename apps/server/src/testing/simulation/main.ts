/**
 * `npm run simulate -- --seed 42` runs one seed and prints what happened; `-- --seeds 500 --from 1` runs many and
 * prints those that broke the promise. The exit code is 1 when one did.
 */
import { parseArgs } from 'node:util';
import { simulate } from './simulation.ts';

/** Seeds between two lines that say how far it is. */
const PROGRESS_EVERY = 500;

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seeds: { type: 'string' }, from: { type: 'string', default: '1' } },
});

if (values.seed !== undefined) {
  const { trace, problems, healedMs } = await simulate(numberOf('seed', values.seed), { isTracing: true });
  for (const line of trace) console.log(line);
  console.log(problems.length === 0 ? `well after ${healedMs} ms` : problems.join('\n'));
  process.exitCode = problems.length === 0 ? 0 : 1;
} else {
  process.exitCode = await runMany(numberOf('seeds', values.seeds ?? '500'), numberOf('from', values.from));
}

async function runMany(seeds: number, from: number): Promise<number> {
  const startedAt = performance.now();
  const counts = new Map<string, number>();
  let [failed, events, acknowledged, slowest] = [0, 0, 0, 0];
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulate(seed);
    events += result.events;
    acknowledged += result.acknowledged;
    slowest = Math.max(slowest, result.healedMs);
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    const done = seed - from + 1;
    if (done % PROGRESS_EVERY === 0) console.error(`${done} of ${seeds} seeds, ${failed} failed`);
    if (result.problems.length === 0) continue;
    failed += 1;
    console.log(`seed ${seed}: ${result.problems.slice(0, 3).join('; ')}`);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `${seeds} seeds from ${from}: ${failed} failed; ${events} events, ${acknowledged} acknowledged edits, well after at most ${slowest} ms; ${seconds.toFixed(1)} s`,
  );
  for (const [what, count] of [...counts].sort(([a], [b]) => a.localeCompare(b)))
    console.log(`  ${what}: ${count}`);
  return failed === 0 ? 0 : 1;
}

function numberOf(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${name} takes a whole number, not "${text}"`);
}
