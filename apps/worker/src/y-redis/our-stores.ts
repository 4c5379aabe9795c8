import type { Quarantine } from '@kryton/engine/compaction/quarantine.ts';
import type { Database } from '@kryton/engine/database/schema.ts';
import type { JobQueue } from '@kryton/engine/jobs/job-queue.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import type { Kysely } from 'kysely';
import type { ImportedDocuments } from './imported-documents.ts';

/** Our side, opened. */
export type OurStores = {
  readonly log: UpdateLog;
  readonly snapshots: SnapshotStore;
  readonly quarantine: Quarantine;
  readonly documents: ImportedDocuments;
  /** Null for the embedded stores. */
  readonly jobs: JobQueue | null;
  readonly db: Kysely<Database>;
};
