import type { ProcessStatus } from './process-status.ts';
import { FORGET_AFTER_MS, type Roster, type RosterEntry, RosterUnavailable, sortEntries } from './roster.ts';

/** The roster in the memory of the one process there is. */
export class EmbeddedRoster implements Roster {
  readonly #now: () => number;
  readonly #reports = new Map<string, { readonly status: ProcessStatus; readonly at: number }>();
  #isClosed = false;

  /** `now` in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async report(status: ProcessStatus): Promise<void> {
    this.#expectOpen();
    this.#reports.set(status.id, { status, at: this.#now() });
  }

  async leave(id: string): Promise<void> {
    this.#expectOpen();
    this.#reports.delete(id);
  }

  async read(): Promise<RosterEntry[]> {
    this.#expectOpen();
    const now = this.#now();
    for (const [id, { at }] of this.#reports) if (now - at > FORGET_AFTER_MS) this.#reports.delete(id);
    return sortEntries([...this.#reports.values()].map(({ status, at }) => ({ status, ageMs: now - at })));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reports.clear();
  }

  #expectOpen(): void {
    if (this.#isClosed) throw new RosterUnavailable('the roster is closed');
  }
}
