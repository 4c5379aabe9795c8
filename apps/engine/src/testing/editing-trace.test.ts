import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import * as Y from 'yjs';
import { applyPatches, FRIENDS_FOREVER, loadConcurrentTrace, loadLinearTrace } from './editing-trace.ts';
import { temporaryDirectory } from './services/temporary-directory.ts';
import { syntheticTrace } from './synthetic-trace.ts';

const directory = temporaryDirectory('traces');

function traceFile(name: string, content: unknown): string {
  const file = join(directory, name);
  writeFileSync(file, gzipSync(JSON.stringify(content)));
  return file;
}

it('reads the trace of two authors: 26,078 steps, each after the last one of its author', async () => {
  const { authors, endContent } = await loadConcurrentTrace();
  expect(authors.map((steps) => steps.length).reduce((a, b) => a + b)).toBe(26_078);
  expect(endContent).toHaveLength(21_362);
  for (const [author, steps] of authors.entries()) {
    expect(steps.every((step, index) => step.seen[author] === index)).toBe(true);
  }
});

it('reads a trace of one author from a file', async () => {
  const made = syntheticTrace({ edits: 500 });
  const { startContent, endContent, patches } = made;
  const txns = patches.map((patch) => ({ patches: [patch] }));
  expect(await loadLinearTrace(traceFile('linear.json.gz', { startContent, endContent, txns }))).toEqual(
    made,
  );
});

it('refuses a trace of the other kind, a file that is none, and characters whose positions are ambiguous', async () => {
  await expect(loadLinearTrace(FRIENDS_FOREVER)).rejects.toThrow('not the trace of one author');
  await expect(loadConcurrentTrace(traceFile('none.json.gz', {}))).rejects.toThrow('not an editing trace');
  const emoji = { startContent: '', endContent: '😀', txns: [{ patches: [[0, 0, '😀']] }] };
  await expect(loadLinearTrace(traceFile('emoji.json.gz', emoji))).rejects.toThrow('beyond U+FFFF');
});

it('makes the same synthetic trace from the same seed, and Yjs arrives at its endContent', () => {
  const trace = syntheticTrace({ edits: 20_000, seed: 7 });
  expect(syntheticTrace({ edits: 20_000, seed: 7 })).toEqual(trace);
  expect(syntheticTrace({ edits: 20_000, seed: 8 }).endContent).not.toBe(trace.endContent);
  const text = new Y.Doc().getText('text');
  for (const patch of trace.patches) applyPatches(text, [patch]);
  expect(text.toString()).toBe(trace.endContent);
});

it('makes 260,000 single-character edits, about 70 % of them inserts', () => {
  const { patches, endContent } = syntheticTrace();
  const inserts = patches.filter(([, deleted]) => deleted === 0).length;
  expect(patches).toHaveLength(260_000);
  expect(patches.every(([, deleted, inserted]) => deleted + inserted.length === 1)).toBe(true);
  expect(inserts / patches.length).toBeGreaterThan(0.65);
  expect(inserts / patches.length).toBeLessThan(0.75);
  expect(endContent).toHaveLength(2 * inserts - patches.length);
});
