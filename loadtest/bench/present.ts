import { encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { BenchClient } from './bench-client.ts';
import { seedDocuments } from './seed.ts';
import type { SystemUnderTest } from './system.ts';

const ARRIVED_WITHIN_MS = 60_000;

export type Inside = {
  readonly docId: string;
  /** One on each node; they hold the document open. */
  readonly present: readonly BenchClient[];
};

/**
 * A new document with this content and somebody in it on each node. A system that keeps documents has it in its
 * storage; to the others it is brought by one of those who stay.
 */
export async function enterLargeDocument(system: SystemUnderTest, update: Uint8Array): Promise<Inside> {
  if (system.holds === 'storage') {
    const [docId = ''] = await seedDocuments(system, update, 1);
    return { docId, present: (await enter(system, docId)).map(({ client }) => client) };
  }
  const [docId = ''] = await system.documents(1);
  const inside = await enter(system, docId);
  const [writer, ...others] = inside;
  writer?.client.send(encodeUpdate(update));
  const hasArrived = () => others.every(({ received }) => received() >= update.length);
  await eventually(hasArrived, { what: 'the document is on every node', withinMs: ARRIVED_WITHIN_MS });
  return { docId, present: inside.map(({ client }) => client) };
}

async function enter(system: SystemUnderTest, docId: string) {
  const nodes = Array.from({ length: system.nodeCount }, (_, node) => node);
  return Promise.all(
    nodes.map(async (node) => {
      const client = await BenchClient.join(system.doorOf(node, docId));
      let bytes = 0;
      client.onFrame = (frame) => {
        bytes += frame.length;
      };
      return { client, received: () => bytes };
    }),
  );
}
