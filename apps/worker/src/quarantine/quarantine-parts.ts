import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { Quarantine } from '@kryton/engine/compaction/quarantine.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';

/** What the commands work on. */
export type QuarantineParts = {
  readonly quarantine: Quarantine;
  readonly log: Pick<UpdateLog, 'open' | 'append' | 'heads' | 'read'>;
  readonly snapshots: Pick<SnapshotStore, 'load' | 'position' | 'commit'>;
  readonly heavy: Pick<HeavyWork, 'check' | 'fold'>;
  /** Has the document folded soon: by a worker, or at once where there is none. */
  readonly askForFold: (docId: DocId) => Promise<void>;
  readonly timers: Timers;
  /** Where the operator is: names of files begin here. */
  readonly directory: string;
  /** One line for the operator. */
  readonly print: (line: string) => void;
};

/** What was asked for cannot be done; `message` says why and what to do. Nothing was changed unless it says so. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
