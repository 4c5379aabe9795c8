import { readFileSync } from 'node:fs';
import type { LocalTarget } from './local-target.ts';

const LOOK_EVERY_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of the run, before memory is compared: whatever is loaded and cached for the first time is there then. */
const WARM_SHARE = 0.25;

/**
 * Resident memory of one process over a run, in bytes. The straight line of least squares through what comes after the
 * first quarter says how it grows, the distances from that line how much it goes up and down anyway.
 */
export type MemoryCourse = {
  readonly name: string;
  readonly firstBytes: number;
  readonly lastBytes: number;
  readonly mostBytes: number;
  readonly growthBytesPerHour: number;
  /** The standard deviation of the distances from the line. */
  readonly noiseBytes: number;
  /** Whether the line rises by less than two of them from its beginning to its end. */
  readonly isLevel: boolean;
  /** The mean of each minute, from the first to the last. */
  readonly perMinuteBytes: readonly number[];
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
  const warm = samples.slice(Math.floor(samples.length * WARM_SHARE));
  const { perMs, noise } = lineThrough(warm);
  const rise = perMs * ((warm.at(-1)?.atMs ?? 0) - (warm[0]?.atMs ?? 0));
  return {
    name,
    firstBytes: bytes[0] ?? 0,
    lastBytes: bytes.at(-1) ?? 0,
    mostBytes: Math.max(0, ...bytes),
    growthBytesPerHour: Math.round(perMs * HOUR_MS),
    noiseBytes: Math.round(noise),
    isLevel: rise <= 2 * noise,
    perMinuteBytes: perMinute(samples),
  };
}

/** The straight line with the least squares: bytes per ms, and how far samples are from it; 0 for fewer than two. */
function lineThrough(samples: readonly Sample[]): { readonly perMs: number; readonly noise: number } {
  if (samples.length < 2) return { perMs: 0, noise: 0 };
  const [atMs, bytes] = [mean(samples.map((each) => each.atMs)), mean(samples.map((each) => each.bytes))];
  const rise = samples.reduce((sum, each) => sum + (each.atMs - atMs) * (each.bytes - bytes), 0);
  const run = samples.reduce((sum, each) => sum + (each.atMs - atMs) ** 2, 0);
  const perMs = run === 0 ? 0 : rise / run;
  const distances = samples.map((each) => each.bytes - bytes - perMs * (each.atMs - atMs));
  return { perMs, noise: Math.sqrt(mean(distances.map((distance) => distance ** 2))) };
}

function perMinute(samples: readonly Sample[]): number[] {
  const beganMs = samples[0]?.atMs ?? 0;
  const minutes = Map.groupBy(samples, ({ atMs }) => Math.floor((atMs - beganMs) / MINUTE_MS));
  return [...minutes.values()].map((minute) => Math.round(mean(minute.map((each) => each.bytes))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
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
