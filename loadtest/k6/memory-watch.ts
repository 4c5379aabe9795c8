import { readFileSync } from 'node:fs';
import type { LocalTarget } from './local-target.ts';

const LOOK_EVERY_MS = 5_000;
/** Of the run, before memory is compared: whatever is loaded and cached for the first time is there then. */
const WARM_SHARE = 0.25;

/** Resident memory of one process over a run, in bytes; growth per hour by least squares, after the first quarter. */
export type MemoryCourse = {
  readonly name: string;
  readonly firstBytes: number;
  readonly lastBytes: number;
  readonly mostBytes: number;
  readonly growthBytesPerHour: number;
};

export type Sample = { readonly atMs: number; readonly bytes: number };

/** Looks at every node and worker, and at Redis, every 5 s; the result ends that and tells. */
export function watchMemory(target: LocalTarget): () => MemoryCourse[] {
  const samples = new Map<string, Sample[]>();
  const look = () => {
    const atMs = performance.now();
    for (const { name, pid } of processesOf(target)) {
      const bytes = residentBytes(pid);
      if (bytes === null) continue;
      samples.set(name, [...(samples.get(name) ?? []), { atMs, bytes }]);
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
    return [...samples].map(([name, course]) => courseOf(name, course));
  };
}

/** `samples` in the order of time. */
export function courseOf(name: string, samples: readonly Sample[]): MemoryCourse {
  const bytes = samples.map((sample) => sample.bytes);
  return {
    name,
    firstBytes: bytes[0] ?? 0,
    lastBytes: bytes.at(-1) ?? 0,
    mostBytes: Math.max(0, ...bytes),
    growthBytesPerHour: Math.round(slope(samples.slice(Math.floor(samples.length * WARM_SHARE))) * 3_600_000),
  };
}

/** Bytes per ms of the straight line with the least squares of distances; 0 for fewer than two samples. */
function slope(samples: readonly Sample[]): number {
  if (samples.length < 2) return 0;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [atMs, bytes] = [mean(samples.map((each) => each.atMs)), mean(samples.map((each) => each.bytes))];
  const rise = samples.reduce((sum, each) => sum + (each.atMs - atMs) * (each.bytes - bytes), 0);
  const run = samples.reduce((sum, each) => sum + (each.atMs - atMs) ** 2, 0);
  return run === 0 ? 0 : rise / run;
}

function processesOf({ cluster, sentinel }: LocalTarget): { readonly name: string; readonly pid: number }[] {
  const parts = [...cluster.nodes, ...cluster.workers].map((part) => ({
    name: part.name,
    pid: part.process().pid,
  }));
  const redis = sentinel ? sentinel.master : cluster.redis();
  return [...parts, { name: 'redis', pid: redis.process.pid }];
}

/** Null when the process is gone, or where there is no proc(5). */
function residentBytes(pid: number): number | null {
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
  } catch {
    return null;
  }
}
