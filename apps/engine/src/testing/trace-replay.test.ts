import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import * as Y from 'yjs';
import { type ConcurrentTrace, loadConcurrentTrace } from './editing-trace.ts';
import { eventually } from './eventually.ts';
import { seededRandom, seedFor } from './seeded-random.ts';
import { replay } from './trace-replay.ts';

const trace = await loadConcurrentTrace();

it('replays two authors over a transport with seeded delays to exactly endContent on both', async () => {
  const random = seededRandom(seedFor('trace replay'));
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  const wires = [wire(docs[0], docs[1]), wire(docs[1], docs[0])];
  const afterStep = async () => {
    for (const deliver of wires) if (random.chance(0.2)) deliver(random.int(20));
    await nextTurn();
  };
  const flushing = setInterval(() => {
    for (const deliver of wires) deliver(Number.POSITIVE_INFINITY);
  }, 1);
  await replay(trace, { authors: docs.map((doc) => ({ doc })), afterStep });
  const texts = () => docs.map((doc) => doc.getText('text').toString());
  await eventually(() => texts().every((text) => text === trace.endContent), {
    what: 'both hold endContent',
  });
  clearInterval(flushing);
}, 60_000);

it('rejects, naming author and step, when the transport delivers nothing', async () => {
  const authors = [{ doc: new Y.Doc() }, { doc: new Y.Doc() }];
  await expect(replay(trace, { authors, waitWithinMs: 300 })).rejects.toThrow(
    /not received within 300 ms: step \d+ of author \d/,
  );
});

it('makes a step at the version that the trace names although the document holds more by then', async () => {
  const step = (seen: [number, number], inserted: string) => ({ patches: [[0, 0, inserted] as const], seen });
  const small: ConcurrentTrace = {
    endContent: 'a2 a1 b1',
    authors: [[step([0, 0], 'a1 '), step([1, 0], 'a2 ')], [step([0, 0], 'b1')]],
  };
  const shared = new Y.Doc();
  await replay(small, { authors: [{ doc: shared }, { doc: shared }] });
  expect(shared.getText('text').toString()).toBe(small.endContent);
});

/** Carries updates from one document to the other when told to, in order. */
function wire(from: Y.Doc, to: Y.Doc): (atMost: number) => void {
  const waiting: Uint8Array[] = [];
  from.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin === 'replay') waiting.push(update);
  });
  return (atMost) => {
    for (const update of waiting.splice(0, atMost)) Y.applyUpdate(to, update, 'wire');
  };
}
