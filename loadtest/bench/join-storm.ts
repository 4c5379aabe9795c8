import { type GeneratorState, watchGenerator } from './generator-watch.ts';
import { settledKb } from './memory.ts';
import { rawJoin } from './raw-join.ts';
import { nodesOf, type SystemUnderTest } from './system.ts';
import { type CpuUsed, forgetPeak, meterCpu, peakKb } from './usage.ts';

export type StormResult = {
  readonly cpu: CpuUsed;
  readonly slowestMs: number;
  readonly p50Ms: number;
  /** How far the nodes' memory rose at its peak, in MB. */
  readonly growthMb: number;
  readonly generator: GeneratorState;
};

/** `joiners` connect in the same moment and ask for the whole document, which has at least `bytes`. */
export async function joinStorm(
  system: SystemUnderTest,
  docId: string,
  { joiners, bytes }: { joiners: number; bytes: number },
): Promise<StormResult> {
  const beforeKb = await settledKb(system);
  forgetPeak(nodesOf(system));
  const generator = watchGenerator();
  const cpuUsed = meterCpu(system);
  const startedAt = performance.now();
  const times = await Promise.all(
    Array.from({ length: joiners }, async (_, index) => {
      const received = await rawJoin(system.doorOf(index % system.nodeCount, docId));
      const ms = performance.now() - startedAt;
      if (received < bytes) throw new Error(`a joiner got ${received} of ${bytes} bytes`);
      return ms;
    }),
  );
  const cpu = cpuUsed();
  const sorted = times.toSorted((a, b) => a - b);
  return {
    cpu,
    slowestMs: sorted.at(-1) ?? Number.NaN,
    p50Ms: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    growthMb: (peakKb(nodesOf(system)) - beforeKb) / 1_024,
    generator: generator(),
  };
}
