import type { SystemUnderTest } from '../system.ts';

/** A system whose documents are each on one node, by turns: whoever opens one is sent there, wherever they ask. */
export function apart(system: SystemUnderTest): SystemUnderTest {
  const homes = new Map<string, number>();
  return {
    ...system,
    async documents(count) {
      const docIds = await system.documents(count);
      for (const docId of docIds) homes.set(docId, homes.size % system.nodeCount);
      return docIds;
    },
    doorOf: (node, docId) => system.doorOf(homes.get(docId) ?? node, docId),
  };
}
