import { type Quarantine, QuarantineUnavailable } from '@kryton/engine/compaction/quarantine.ts';
import { LogUnavailable, type UpdateLog } from '@kryton/engine/log/update-log.ts';
import { type SnapshotStore, SnapshotsUnavailable } from '@kryton/engine/snapshots/snapshot-store.ts';
import { DocumentsUnavailable, type ImportedDocuments } from './imported-documents.ts';
import type { Retries } from './retries.ts';
import { type YRedisLists, YRedisUnavailable } from './y-redis-lists.ts';

/** What the import needs of both sides. */
export type Stores = {
  readonly lists: Pick<YRedisLists, 'read' | 'push'>;
  readonly log: Pick<UpdateLog, 'open' | 'append' | 'read' | 'heads'>;
  readonly snapshots: Pick<SnapshotStore, 'load'>;
  readonly quarantine: Pick<Quarantine, 'setAside'>;
  readonly documents: Pick<ImportedDocuments, 'claim'>;
};

const PASSING = [
  LogUnavailable,
  SnapshotsUnavailable,
  QuarantineUnavailable,
  DocumentsUnavailable,
  YRedisUnavailable,
];

/** Whether the store that failed may answer later. */
export function isPassing(error: unknown): boolean {
  return PASSING.some((kind) => error instanceof kind);
}

/**
 * The same stores, each call tried again while a store is away (LOG6): with the same bytes, which Yjs and the coverage
 * of both sides make harmless.
 */
export function patientStores(stores: Stores, retries: Retries): Stores {
  const { lists, log, snapshots, quarantine, documents } = stores;
  return {
    lists: {
      read: (...args) => retries.run('reading a list of y-redis', () => lists.read(...args)),
      push: (...args) => retries.run('writing to a list of y-redis', () => lists.push(...args)),
    },
    log: {
      open: (...args) => retries.run('opening a log', () => log.open(...args)),
      append: (...args) => retries.run('appending to a log', () => log.append(...args)),
      read: (...args) => retries.run('reading a log', () => log.read(...args)),
      heads: (...args) => retries.run('looking at a log', () => log.heads(...args)),
    },
    snapshots: { load: (docId) => retries.run('loading a snapshot', () => snapshots.load(docId)) },
    quarantine: {
      setAside: (item) => retries.run('setting an update aside', () => quarantine.setAside(item)),
    },
    documents: {
      claim: (...args) => retries.run('writing down whose a document is', () => documents.claim(...args)),
    },
  };
}
