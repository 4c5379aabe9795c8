import { BenchClient } from './bench-client.ts';
import { type GeneratorState, watchGenerator } from './generator-watch.ts';
import { Latencies } from './latencies.ts';
import { settledKb } from './memory.ts';
import type { SystemUnderTest } from './system.ts';
import { type CpuUsed, meterCpu } from './usage.ts';

/** Handshakes under way at the same time; less than the backlog of any server here. */
const IN_FLIGHT = 200;

export type OpeningOptions = { readonly connections: number; readonly documents: number };

export type OpeningResult = {
  /** Until the last connection has its SyncStep2. */
  readonly wallMs: number;
  /** From the handshake to SyncStep2, of each connection. */
  readonly latencies: Latencies;
  readonly cpu: CpuUsed;
  readonly generator: GeneratorState;
  readonly clients: readonly BenchClient[];
};

/** Opens connections as fast as they come; those of one document go to different nodes. */
export async function openConnections(
  system: SystemUnderTest,
  { connections, documents }: OpeningOptions,
): Promise<OpeningResult> {
  const docIds = await system.documents(documents);
  const clients: BenchClient[] = [];
  const latencies = new Latencies();
  let next = 0;
  const opener = async () => {
    while (next < connections) {
      const index = next++;
      const docId = docIds[index % documents] ?? '';
      const node = Math.floor(index / documents) % system.nodeCount;
      const beganAt = performance.now();
      clients.push(await BenchClient.join(system.doorOf(node, docId)));
      latencies.add(performance.now() - beganAt);
    }
  };
  const generator = watchGenerator();
  const cpuUsed = meterCpu(system);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, opener));
  const wallMs = performance.now() - startedAt;
  return { wallMs, latencies, cpu: cpuUsed(), generator: generator(), clients };
}

/** The same, and what each connection adds to the resident memory of the nodes, in KB, when nothing happens any more. */
export async function openAndRest(
  system: SystemUnderTest,
  options: OpeningOptions,
): Promise<OpeningResult & { readonly idleKb: number }> {
  // The first connections load code, which is no matter of their number.
  const first = await openConnections(system, { connections: 2 * system.nodeCount, documents: 2 });
  const beforeKb = await settledKb(system);
  const opened = await openConnections(system, options);
  const afterKb = await settledKb(system);
  const lost = opened.clients.filter((client) => !client.isOpen).length;
  if (lost > 0) throw new Error(`${lost} of ${opened.clients.length} connections were lost`);
  for (const client of first.clients) client.close();
  return { ...opened, idleKb: (afterKb - beforeKb) / options.connections };
}
