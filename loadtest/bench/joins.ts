import { randomUUID } from 'node:crypto';
import { applyPatches, loadLinearTrace } from '@kryton/engine/testing/editing-trace.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { syntheticTrace } from '@kryton/engine/testing/synthetic-trace.ts';
import * as Y from 'yjs';
import { BenchClient } from './bench-client.ts';
import type { SystemUnderTest } from './system.ts';
import { cpuMs, peakKb, residentKb } from './usage.ts';

/** Connections that are being opened at the same time. */
const IN_FLIGHT = 200;
const SETTLED_KB = 500;

/** P3 and P4: opens connections until each has its document, then waits until memory no longer moves. */
export async function openConnections(
  system: SystemUnderTest,
  options: { connections: number; documents: number },
): Promise<{ wallS: number; cpuUs: number; rssKb: number; close: () => void }> {
  const documents = Array.from({ length: options.documents }, () => randomUUID());
  const rssBefore = residentKb(system.nodes);
  const cpuBefore = cpuMs(system.servers);
  const startedAt = performance.now();
  const clients: BenchClient[] = [];
  let next = 0;
  const opener = async () => {
    while (next < options.connections) {
      const index = next++;
      const base = system.bases[Math.floor(index / options.documents) % system.bases.length] ?? '';
      const client = await BenchClient.open(
        system.urlOf(base, documents[index % documents.length] ?? ''),
        null,
      );
      await client.sync();
      clients.push(client);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, opener));
  const wallS = (performance.now() - startedAt) / 1_000;
  const cpuUs = ((cpuMs(system.servers) - cpuBefore) * 1_000) / options.connections;
  let last = 0;
  const rss = await eventually(
    () => {
      const now = residentKb(system.nodes);
      const isSettled = Math.abs(now - last) < SETTLED_KB;
      last = now;
      return isSettled ? now : null;
    },
    { what: 'memory settles', withinMs: 20_000, everyMs: 2_000 },
  );
  const close = () => {
    for (const client of clients) client.close();
  };
  return { wallS, cpuUs, rssKb: (rss - rssBefore) / options.connections, close };
}

/** P6: a large document in the log, then many who ask for all of it at the same moment. */
export async function joinStorm(
  system: SystemUnderTest,
  options: { joiners: number; bytes: number },
): Promise<{ cpuMs: number; p99: number; growthMb: number }> {
  const docId = randomUUID();
  const url = (index: number) => system.urlOf(system.bases[index % system.bases.length] ?? '', docId);
  const writer = await BenchClient.open(url(0), null);
  await writer.store(largeDocument(options.bytes));
  writer.close();
  await system.restartNodes();
  const clients = await Promise.all(
    Array.from({ length: options.joiners }, (_, i) => BenchClient.open(url(i), null)),
  );
  const rssBefore = residentKb(system.nodes);
  const cpuBefore = cpuMs(system.servers);
  const startedAt = performance.now();
  const times = await Promise.all(
    clients.map(async (client) => {
      const bytes = await client.sync();
      if (bytes < options.bytes / 2) throw new Error(`a joiner got ${bytes} bytes of ${options.bytes}`);
      return performance.now() - startedAt;
    }),
  );
  const used = cpuMs(system.servers) - cpuBefore;
  const growthMb = (peakKb(system.nodes) - rssBefore) / 1_024;
  for (const client of clients) client.close();
  return { cpuMs: used / options.joiners, p99: Math.max(...times), growthMb };
}

/** P7: a document with a long history, folded, opened on nodes that have just started. */
export async function coldOpen(
  system: SystemUnderTest,
  options: { opens: number },
): Promise<{ p50: number; source: string; bytes: number }> {
  const path = process.env['TRACE_FILE'];
  const trace = path ? await loadLinearTrace(path) : syntheticTrace({ edits: 260_000, seed: 1 });
  const doc = new Y.Doc();
  applyPatches(doc.getText('content'), trace.patches);
  const update = Y.encodeStateAsUpdate(doc);
  const docIds = Array.from({ length: options.opens }, () => randomUUID());
  for (const docId of docIds) {
    const writer = await BenchClient.open(system.urlOf(system.bases[0] ?? '', docId), null);
    await writer.store(update);
    writer.close();
  }
  await system.restartNodes();
  // The first connection of a fresh process compiles code for all; it is not what is asked here.
  const warm = await BenchClient.open(system.urlOf(system.bases[0] ?? '', randomUUID()), null);
  await warm.sync();
  const times: number[] = [];
  let bytes = 0;
  for (const docId of docIds) {
    const startedAt = performance.now();
    const client = await BenchClient.open(system.urlOf(system.bases[0] ?? '', docId), null);
    bytes = await client.sync();
    times.push(performance.now() - startedAt);
    client.close();
  }
  warm.close();
  const sorted = times.toSorted((a, b) => a - b);
  const source = path ? 'trace file' : 'synthetic trace';
  return { p50: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, source, bytes };
}

/** Many lines of many authors, so that it has structs and not one long string. */
function largeDocument(bytes: number): Uint8Array {
  const doc = new Y.Doc();
  const text = doc.getText('content');
  const line = `${'lorem ipsum dolor sit amet '.repeat(4)}\n`;
  for (let written = 0; written < bytes; written += line.length) text.insert(0, line);
  return Y.encodeStateAsUpdate(doc);
}
