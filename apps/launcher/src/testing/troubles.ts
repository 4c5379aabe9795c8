import type { FaultCluster } from './fault-cluster.ts';
import type { Trouble } from './troublemakers/start-troublemaker.ts';

export type NamedTrouble = {
  /** As the fault table calls it. */
  readonly name: string;
  /** The trouble of one round: what is written once is written to a new document each time. */
  readonly make: (round: number) => Trouble;
  /**
   * A stall that is known and not mended yet, in ms: everybody's p99 may show it. One entry of 20 MB holds up Redis for
   * about 60 ms while a script copies it, its node for 100 to 200 while it arrives and leaves, and each load of it
   * Redis for 15 more; on two cores they add up. An entry in pieces would end it.
   */
  readonly knownStallMs?: number;
};

const LARGE_BYTES = 20 * 1024 * 1024;

/** Everything that must not disturb the others, who edit `docIds` on this cluster. */
export function troubles(cluster: FaultCluster, docIds: readonly string[]): NamedTrouble[] {
  const { bases, redisUrl } = cluster;
  const databaseUrl = cluster.postgres.url;
  const [base = ''] = bases;
  const [shared = ''] = docIds;
  const floods = [
    { name: 'one client that floods a document with edits, others in it', docId: shared, what: 'updates' },
    {
      name: 'one client that floods a document with presence, others in it',
      docId: shared,
      what: 'presence',
    },
    { name: 'one client that floods a node with tiny questions', docId: shared, what: 'frames' },
  ] as const;
  return [
    {
      name: '50 slow readers, half of them where the others edit',
      make: () => ({
        kind: 'slow-readers',
        bases,
        docIds: [...docIds, 'fed', 'fed', 'fed'],
        fedDocId: 'fed',
        count: 50,
      }),
    },
    ...floods.map(({ name, docId, what }) => ({
      name,
      make: (): Trouble => ({ kind: 'flood', base, docId, what }),
    })),
    {
      name: 'one 20 MB document, sent at once (stalls up to 600 ms are known), opened while it is edited',
      make: (round) => ({
        kind: 'large-document',
        bases,
        docId: `large-${round}`,
        bytes: LARGE_BYTES,
        pieces: 'one',
      }),
      knownStallMs: 600,
    },
    {
      name: 'one document that grows to 20 MB, opened by newcomers while it is edited',
      make: (round) => ({
        kind: 'large-document',
        bases,
        docId: `growing-${round}`,
        bytes: LARGE_BYTES,
        pieces: 'many',
      }),
    },
    {
      name: 'one poison document: entries and a snapshot that cannot be read',
      make: (round) => ({ kind: 'poison', bases, docId: `poison-${round}`, redisUrl, databaseUrl }),
    },
  ];
}
