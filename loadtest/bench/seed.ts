import { encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import * as Y from 'yjs';
import { BenchClient } from './bench-client.ts';
import type { SystemUnderTest } from './system.ts';

/** Puts documents with this content into a system; resolves with their ids once all are persisted. */
export async function seedDocuments(
  system: SystemUnderTest,
  update: Uint8Array,
  count: number,
): Promise<string[]> {
  const docIds = await system.documents(count);
  const writers = await Promise.all(
    docIds.map(async (docId, index) => {
      const writer = await BenchClient.join(system.doorOf(index % system.nodeCount, docId));
      writer.send(encodeUpdate(update));
      return writer;
    }),
  );
  for (const docId of docIds) await system.persisted(docId);
  for (const writer of writers) writer.close();
  return docIds;
}

const AUTHORS = 50;
const LINE = `${'lorem ipsum dolor sit amet '.repeat(4)}\n`;

/** Lines that 50 authors have each put in front of the one before: about 46,000 structs for 5 MB. */
export function largeDocument(bytes: number): Uint8Array {
  const parts = Array.from({ length: AUTHORS }, (_, author) => {
    const doc = new Y.Doc();
    doc.clientID = 1_000_000 + author;
    const text = doc.getText('content');
    for (let written = 0; written < bytes / AUTHORS; written += LINE.length) text.insert(0, LINE);
    return Y.encodeStateAsUpdate(doc);
  });
  return Y.mergeUpdates(parts);
}
