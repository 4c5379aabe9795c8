import { decodeFrame } from '@kryton/engine/protocol/frames.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import * as Y from 'yjs';
import { BenchClient } from './bench-client.ts';
import type { Door } from './system.ts';

const WHOLE_WITHIN_MS = 5_000;

/**
 * Opens a document with a real Y.Doc and resolves whether it reaches exactly `sent` within 5 s. SyncStep2 alone may
 * stop at a base state; what came after it follows as updates.
 */
export async function isWholeForNewcomer(door: Door, sent: ReadonlyMap<number, number>): Promise<boolean> {
  const doc = new Y.Doc();
  const client = await BenchClient.connect(door);
  client.onFrame = (bytes) => {
    const frame = decodeFrame(bytes);
    if (frame.kind === 'sync-step-2' || frame.kind === 'update') Y.applyUpdate(doc, frame.update);
  };
  await client.sync();
  const isWhole = () => equal(Y.decodeStateVector(Y.encodeStateVector(doc)), sent);
  try {
    return await eventually(isWhole, { what: 'the newcomer has everything', withinMs: WHOLE_WITHIN_MS });
  } catch {
    return false;
  } finally {
    client.close();
    doc.destroy();
  }
}

function equal(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean {
  return one.size === other.size && [...one].every(([clientId, clock]) => other.get(clientId) === clock);
}
