import type { ProcessStatus } from './process-status.ts';

/**
 * Who is in the cluster at the moment, as every process says of itself every few seconds: what the cluster page shows,
 * on whichever node it is asked for. Nothing else depends on it: a roster that is lost is whole again with the next
 * reports.
 *
 * What holds of every adapter (`roster.contract.ts` runs on each): the newest report of a process replaces the one
 * before; what left is gone at once; what was killed stays, older and older, for {@link FORGET_AFTER_MS}. Ages are by
 * the clock of the store, so that clocks of nodes need not agree.
 */
export interface Roster {
  /** Rejects with {@link RosterUnavailable} when the store does not answer; the next report heals it. */
  report(status: ProcessStatus): Promise<void>;
  /** Takes the process out. */
  leave(id: string): Promise<void>;
  /** Everybody, sorted by name. What cannot be read is left out. */
  read(): Promise<RosterEntry[]>;
  /** Ends connections; pending calls reject. */
  close(): Promise<void>;
}

export type RosterEntry = {
  readonly status: ProcessStatus;
  /** Since the report. */
  readonly ageMs: number;
};

/** A process that was killed is shown for so long: long enough to be noticed by whoever looks. */
export const FORGET_AFTER_MS = 60_000;

/** Redis did not answer in time or refused, or the roster is closed; `cause` holds its own error. */
export class RosterUnavailable extends Error {
  override readonly name = 'RosterUnavailable';
}

/** By name, as people count: node-2 before node-10. */
export function sortEntries(entries: readonly RosterEntry[]): RosterEntry[] {
  const byName = new Intl.Collator('en', { numeric: true });
  return entries.toSorted(
    ({ status: a }, { status: b }) => byName.compare(a.name, b.name) || byName.compare(a.id, b.id),
  );
}
