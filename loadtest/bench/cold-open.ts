import { applyPatches, loadLinearTrace } from '@kryton/engine/testing/editing-trace.ts';
import { syntheticTrace } from '@kryton/engine/testing/synthetic-trace.ts';
import * as Y from 'yjs';
import { BenchClient } from './bench-client.ts';
import { seedDocuments } from './seed.ts';
import type { SystemUnderTest } from './system.ts';

export type ColdOpenResult = {
  readonly p50Ms: number;
  readonly slowestMs: number;
  readonly answerBytes: number;
  readonly source: string;
};

/**
 * Documents with the history of one long text (that of `TRACE_FILE`, or a synthetic one of 260,000 keystrokes), each
 * opened once by one client on nodes that have just started. Throws when the text that arrives is not the trace's.
 */
export async function coldOpen(system: SystemUnderTest, opens: number): Promise<ColdOpenResult> {
  const file = process.env['TRACE_FILE'];
  const trace = file ? await loadLinearTrace(file) : syntheticTrace();
  const doc = new Y.Doc();
  applyPatches(doc.getText('content'), trace.patches);
  const docIds = await seedDocuments(system, Y.encodeStateAsUpdate(doc), opens);
  await system.restartNodes();
  // The first connection of a fresh process compiles code for all that follow.
  const others = await system.documents(system.nodeCount);
  for (const [node, docId] of others.entries()) (await BenchClient.join(system.doorOf(node, docId))).close();
  const times: number[] = [];
  let answer = new Uint8Array();
  for (const [index, docId] of docIds.entries()) {
    const startedAt = performance.now();
    const client = await BenchClient.connect(system.doorOf(index % system.nodeCount, docId));
    answer = Uint8Array.from(await client.sync());
    times.push(performance.now() - startedAt);
    client.close();
  }
  const arrived = new Y.Doc();
  Y.applyUpdate(arrived, answer);
  if (arrived.getText('content').toString() !== trace.endContent) throw new Error('the text is another one');
  const sorted = times.toSorted((a, b) => a - b);
  return {
    p50Ms: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    slowestMs: sorted.at(-1) ?? Number.NaN,
    answerBytes: answer.length,
    source: file ? 'trace file' : 'synthetic trace',
  };
}
