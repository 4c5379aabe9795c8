import { setTimeout as pause } from 'node:timers/promises';
import { applyPatches, type LinearTrace, loadLinearTrace } from '@kryton/engine/testing/editing-trace.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { syntheticTrace } from '@kryton/engine/testing/synthetic-trace.ts';
import * as Y from 'yjs';
import { BenchClient } from './bench-client.ts';
import { type CrowdResult, crowd } from './crowd.ts';
import type { SystemUnderTest } from './system.ts';

export type FoldBacklogResult = {
  /** From the moment when the worker answers until the snapshot has everything. */
  readonly foldedMs: number;
  /** What the worker's own metric says of it: reading, folding, storing, trimming; small folds of others are in it. */
  readonly foldSeconds: number;
  readonly updates: number;
  readonly source: string;
  /** The longest delay of any node's event loop meanwhile. */
  readonly loopDelayMs: number;
  /** The same in a spell as long as the fold, before there was a worker. */
  readonly loopDelayBeforeMs: number;
  /** Those who edited other documents all the time. */
  readonly crowd: CrowdResult;
};

/** That of the automerge-paper trace. */
const UPDATES = 259_778;
const BYSTANDERS = { documents: 20, clients: 4, actors: 2, does: ['edit'], actionsPerS: 1 } as const;
/** They have joined and warmed up by then, and are measured for 20 s from there. */
const CROWD_IS_THERE_MS = 9_000;
/** About as long as the fold; longer than the 3 s for which a worker leaves a document alone after an edit. */
const SPELL_MS = 3_500;
const FOLDED_WITHIN_MS = 60_000;

/**
 * Lets a worker that has just started find a document with a long log and no snapshot, while people edit others.
 * Throws when the text of the snapshot is not the trace's, or when the system has no worker.
 */
export async function foldBacklog(system: SystemUnderTest): Promise<FoldBacklogResult> {
  const { folding } = system;
  if (!folding) throw new Error(`${system.name} has no log that could be folded`);
  const file = process.env['TRACE_FILE'];
  const trace = file ? await loadLinearTrace(file) : syntheticTrace({ edits: UPDATES });
  const updates = updatesOf(trace);
  const [docId = ''] = await system.documents(1);
  await folding.stopWorker();
  await folding.append(docId, updates);
  await folding.requestFold(docId);
  const bystanders = crowd(system, BYSTANDERS);
  // Awaited below; where something fails before, that is what is told.
  bystanders.catch(() => {});
  await pause(CROWD_IS_THERE_MS);
  await folding.loopDelaysMs();
  await pause(SPELL_MS);
  const before = await folding.loopDelaysMs();
  await folding.startWorker();
  await folding.loopDelaysMs();
  const startedAt = performance.now();
  const isFolded = () => folding.isFolded(docId);
  await eventually(isFolded, { what: 'the backlog is folded', withinMs: FOLDED_WITHIN_MS, everyMs: 25 });
  const foldedMs = performance.now() - startedAt;
  const during = await folding.loopDelaysMs();
  const result = {
    foldedMs,
    foldSeconds: await folding.foldSeconds(),
    updates: updates.length,
    source: file ? 'trace file' : 'synthetic trace',
    loopDelayMs: Math.max(...during),
    loopDelayBeforeMs: Math.max(...before),
    crowd: await bystanders,
  };
  await expectText(system, docId, trace.endContent);
  return result;
}

/** One update for each edit of the trace. */
function updatesOf({ patches }: LinearTrace): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('content');
  for (const patch of patches) applyPatches(text, [patch]);
  doc.destroy();
  return updates;
}

async function expectText(system: SystemUnderTest, docId: string, expected: string): Promise<void> {
  const newcomer = await BenchClient.connect(system.doorOf(0, docId));
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Uint8Array.from(await newcomer.sync()));
  newcomer.close();
  if (doc.getText('content').toString() !== expected) throw new Error('the text is another one');
  doc.destroy();
}
