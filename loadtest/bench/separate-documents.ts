import type { SystemUnderTest } from './system.ts';

/**
 * The same system, seen as if a document belonged to a node: documents go to the nodes by turns, and all clients of one
 * open it on its own.
 */
export function withSeparateDocuments(system: SystemUnderTest): SystemUnderTest {
  const homes = new Map<string, number>();
  return {
    ...system,
    nodeCount: 1,
    async documents(count) {
      const docIds = await system.documents(count);
      for (const docId of docIds) homes.set(docId, homes.size % system.nodeCount);
      return docIds;
    },
    doorOf(_node, docId) {
      const home = homes.get(docId);
      if (home === undefined) throw new Error(`${docId} is none of the documents here`);
      return system.doorOf(home, docId);
    },
  };
}
