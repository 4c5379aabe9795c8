/**
 * `npm run fuzz:edge -- --minutes 10 [--seed 42] [--record file]`: sends a real node hostile requests and handshakes for
 * so long, prints what happened, and exits with 1 when something broke or memory grew.
 */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { memoryGrowth } from '../fuzz/memory-growth.ts';
import { type EdgeFigures, fuzzEdge } from './fuzz-edge.ts';

/** What is used once and kept (tables of people, caches that fill) is over after the second fifth of a run. */
const MOST_GROWTH = 1.25;
const PROGRESS_S = 30;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    record: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('--minutes takes a number above 0, --seed a whole one');

console.log(`fuzzing the edge for ${minutes} min with --seed ${seed}`);
const [redis, postgres] = await Promise.all([startRedis({ aof: false }), startPostgres()]);
try {
  const figures = await fuzzEdge({
    redisUrl: redis.url,
    postgresUrl: postgres.url,
    seed,
    durationMs: minutes * 60_000,
    onProgress: (soFar) => {
      if (soFar.residentBytes.length % PROGRESS_S === 0) console.log(progressOf(soFar));
    },
  });
  report(figures);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await Promise.all([redis.stop(), postgres.stop()]);
}

function progressOf({ requests, handshakes, statuses, residentBytes, heapBytes }: EdgeFigures): string {
  const answers = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  const memory = `${mib(residentBytes.at(-1) ?? 0)} resident, ${mib(heapBytes.at(-1) ?? 0)} of heap`;
  return `${residentBytes.length} s: ${requests} requests, ${handshakes} handshakes (${answers.join(', ')}), ${memory}`;
}

function report(figures: EdgeFigures): void {
  const heap = memoryGrowth(figures.heapBytes);
  const resident = memoryGrowth(figures.residentBytes);
  console.log(progressOf(figures));
  console.log(
    `heap after garbage collection: ${mib(heap.earlyBytes)} early, ${mib(heap.lateBytes)} at the end`,
  );
  console.log(`resident: ${mib(resident.earlyBytes)} early, ${mib(resident.lateBytes)} at the end`);
  if (heap.ratio > MOST_GROWTH || resident.ratio > MOST_GROWTH) {
    console.error('memory grew');
    process.exitCode = 1;
  }
  if (values.record === undefined) return;
  const { residentBytes, heapBytes, statuses, ...counts } = figures;
  const result = {
    question: 'Does anything that a client may send answer with a fault, end a node or make its memory grow?',
    command: `npm run fuzz:edge -- --minutes ${minutes} --seed ${seed}`,
    minutes,
    seed,
    ...counts,
    statuses: Object.fromEntries([...statuses].sort(([a], [b]) => a - b)),
    heapAfterGcMib: { early: inMib(heap.earlyBytes), late: inMib(heap.lateBytes) },
    residentMib: { early: inMib(resident.earlyBytes), late: inMib(resident.lateBytes) },
  };
  writeFileSync(values.record, `${JSON.stringify(result, null, 2)}\n`);
}

function inMib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function mib(bytes: number): string {
  return `${inMib(bytes)} MiB`;
}
