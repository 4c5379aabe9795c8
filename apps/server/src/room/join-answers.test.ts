import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { decodeFrame } from '@kryton/engine/protocol/frames.ts';
import { decodeStateVector } from '@kryton/engine/protocol/state-vector.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { afterAll, expect, it } from 'vitest';
import * as Y from 'yjs';
import { BaseState } from './base-state.ts';
import { JoinAnswers } from './join-answers.ts';

const heavy = createHeavyWork({ maxThreads: 1, memoryMb: 128 });
afterAll(() => heavy.close());

/** A document of `stateBytes` in the snapshot, and behind it a tail of an edit with each of these lengths. */
function largeDocument(stateBytes: number, tail: readonly number[]) {
  const doc = new Y.Doc();
  const text = doc.getText('content');
  text.insert(0, 's'.repeat(stateBytes));
  const state = Y.encodeStateAsUpdate(doc);
  const base = new BaseState(state, decodeStateVector(Y.encodeStateVector(doc)), { epoch: 1, seq: 0 });
  const versions = [Y.encodeStateVector(doc)];
  for (const [index, length] of tail.entries()) {
    const before = Y.encodeStateVector(doc);
    text.insert(text.length, String(index).repeat(length));
    const update = checkUpdate(Y.encodeStateAsUpdate(doc, before));
    base.append({ epoch: 1, seq: index + 1 }, update);
    versions.push(Y.encodeStateVector(doc));
  }
  return { doc, base, versions };
}

/** The message in a frame of one fragment (RFC 6455 section 5.2), which a server does not mask. */
function messageIn(frame: Buffer): Buffer {
  const [, length = 0] = frame;
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10);
}

async function answered(base: BaseState, stateVector: Uint8Array) {
  const answers = new JoinAnswers(heavy, () => {});
  const frames = (await answers.answer(base, stateVector)).map((frame) => decodeFrame(messageIn(frame)));
  const updates = frames.map((frame) => {
    if (frame.kind !== 'update' && frame.kind !== 'sync-step-2') throw new Error(`it is a ${frame.kind}`);
    return frame.update;
  });
  const bytes = updates.reduce((sum, update) => sum + update.length, 0);
  return { kinds: frames.map(({ kind }) => kind), updates, bytes };
}

it.each([
  { what: 'a short tail', tail: [100, 100] },
  { what: 'a tail that is filtered in a thread', tail: [60_000, 100] },
])(
  'WIRE2 whoever has everything of a large document with $what is sent none of it again',
  async ({ tail }) => {
    const { base, versions } = largeDocument(40_000, tail);
    const { kinds, bytes } = await answered(base, versions.at(-1) ?? expect.fail('there is a version'));
    expect(kinds).toEqual(['sync-step-2']);
    expect(bytes).toBe(2);
  },
);

it('WIRE2 whoever lacks the last edit of a large document is sent that edit', async () => {
  const { doc, base, versions } = largeDocument(40_000, [60_000, 100]);
  const { kinds, updates, bytes } = await answered(base, versions[1] ?? expect.fail('there is a version'));
  expect(kinds).toEqual(['update', 'sync-step-2']);
  expect(bytes).toBeLessThan(150);
  const returning = new Y.Doc();
  Y.applyUpdate(returning, base.state);
  Y.applyUpdate(returning, base.tail[0]?.update ?? expect.fail('there is a tail'));
  for (const update of updates) Y.applyUpdate(returning, update);
  expect(returning.getText('content').toString()).toBe(doc.getText('content').toString());
});

it('WIRE2 whoever has nothing is sent all of a large document', async () => {
  const { doc, base } = largeDocument(40_000, [60_000, 100]);
  const { kinds, updates } = await answered(base, Uint8Array.of(0));
  expect(kinds).toEqual(['update', 'sync-step-2']);
  const newcomer = new Y.Doc();
  for (const update of updates) Y.applyUpdate(newcomer, update);
  expect(newcomer.getText('content').toString()).toBe(doc.getText('content').toString());
});
