import { FoldFailed } from '@kryton/engine/compaction/folder.ts';
import { HeavyWorkFailed } from '@kryton/engine/compaction/heavy-work.ts';
import { QuarantineUnavailable } from '@kryton/engine/compaction/quarantine.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { LogUnavailable } from '@kryton/engine/log/update-log.ts';
import { SnapshotsUnavailable } from '@kryton/engine/snapshots/snapshot-store.ts';
import { Refusal } from './quarantine-parts.ts';

const STORE_ERRORS = [QuarantineUnavailable, LogUnavailable, SnapshotsUnavailable];
const FOLD_ERRORS = [FoldFailed, HeavyWorkFailed];

/** What an operator can do something about, in one sentence; anything else is a defect and keeps its stack. */
export function explained(error: unknown): unknown {
  if (error instanceof Refusal) return new StartupError(error.message, { cause: error });
  if (!(error instanceof Error)) return error;
  if (FOLD_ERRORS.some((kind) => error instanceof kind)) {
    return new StartupError(`it cannot be folded here: ${error.message}`, { cause: error });
  }
  if (!STORE_ERRORS.some((kind) => error instanceof kind)) return error;
  const because = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return new StartupError(`${error.message}${because}: try again when it answers`, { cause: error });
}
