/**
 * `npm run fuzz -- --minutes 30 [--seed 42]`: attacks a real node and mutates updates for so long, prints what happened
 * and exits with 1 when something broke.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { type FuzzFigures, fuzzNode } from './fuzz-node.ts';
import { memoryGrowth } from './memory-growth.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('--minutes takes a number above 0, --seed a whole one');

console.log(`fuzzing for ${minutes} min with --seed ${seed}`);
const [redis, postgres] = await Promise.all([startRedis({ aof: false }), startPostgres()]);
try {
  let told = 0;
  const figures = await fuzzNode({
    redisUrl: redis.url,
    postgresUrl: postgres.url,
    seed,
    durationMs: minutes * 60_000,
    onProgress: (soFar) => {
      if (soFar.memoryBytes.length - told < 30) return;
      told = soFar.memoryBytes.length;
      console.log(progressOf(soFar));
    },
  });
  report(figures);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await Promise.all([redis.stop(), postgres.stop()]);
}

function progressOf({ attack, memoryBytes }: FuzzFigures): string {
  const closed = [...attack.closed].map(([code, count]) => `${code}: ${count}`).join(', ');
  return `${memoryBytes.length} s: ${attack.messages} messages on ${attack.sockets} sockets (${closed}), ${mib(memoryBytes.at(-1) ?? 0)}`;
}

function report(figures: FuzzFigures): void {
  const { updates, edits, memoryBytes } = figures;
  const { earlyBytes, lateBytes } = memoryGrowth(memoryBytes);
  console.log(progressOf(figures));
  console.log(`${edits} honest edits beside it, none lost, nobody disconnected`);
  console.log(`memory of the node: at least ${mib(earlyBytes)} early, ${mib(lateBytes)} at the end`);
  if (!updates) return;
  const { tried, accepted, among, folded, setAside, slowestMs } = updates;
  console.log(`${tried} mutated updates: ${accepted} accepted and reloaded, ${among} of them among others`);
  console.log(`  ${folded} of them folded within a history, ${setAside} set aside because Yjs threw`);
  console.log(`the guard took at most ${slowestMs.toFixed(1)} ms; it refused`);
  for (const [code, count] of [...updates.refused].sort((a, b) => b[1] - a[1]))
    console.log(`  ${code}: ${count}`);
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
