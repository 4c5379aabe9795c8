import { describe, expect, it } from 'vitest';
import { withSeparateDocuments } from './separate-documents.ts';
import type { SystemUnderTest } from './system.ts';

const unasked = () => Promise.reject(new Error('nobody asked for it'));
let made = 0;
const system: SystemUnderTest = {
  name: 'three nodes',
  nodeCount: 3,
  redisPort: 1,
  holds: 'nothing',
  documents: async (count) => Array.from({ length: count }, () => `doc-${made++}`),
  doorOf: (node, docId) => ({ url: `ws://node-${node}/${docId}`, headers: {} }),
  parts: () => [],
  persisted: unasked,
  restartNodes: unasked,
  stop: unasked,
};

describe('separate documents', () => {
  it('belong to one node each, by turns, whichever node a client asks for', async () => {
    const separate = withSeparateDocuments(system);
    const docIds = [
      ...(await separate.documents(1)),
      ...(await separate.documents(1)),
      ...(await separate.documents(2)),
    ];
    const nodes = docIds.map((docId) => [0, 5].map((node) => new URL(separate.doorOf(node, docId).url).host));
    expect(nodes).toEqual([
      ['node-0', 'node-0'],
      ['node-1', 'node-1'],
      ['node-2', 'node-2'],
      ['node-0', 'node-0'],
    ]);
    expect(separate.nodeCount).toBe(1);
  });
});
