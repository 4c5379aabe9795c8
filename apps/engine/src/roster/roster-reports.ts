import type { Timers } from '../lifecycle/timers.ts';
import type { ProcessStatus } from './process-status.ts';
import type { Roster } from './roster.ts';

/** What the cluster page shows is at most this old, and the time that its figures about time are of. */
export const REPORT_EVERY_MS = 2_000;

export type RosterReportsOptions = {
  readonly roster: Pick<Roster, 'report' | 'leave'>;
  readonly id: string;
  readonly status: () => ProcessStatus;
  readonly timers: Timers;
  /** Told when a report did not arrive; the next one is on its way then. */
  readonly onError: (error: unknown) => void;
};

/** Keeps one process in the roster: reports regularly, at once where something changed, and leaves. Never rejects. */
export class RosterReports {
  readonly #options: RosterReportsOptions;
  #reporting: Promise<void> = Promise.resolve();
  #cancelNext = () => {};
  #isStopped = false;

  constructor(options: RosterReportsOptions) {
    this.#options = options;
  }

  /** Reports now, and regularly from now on. Reports go out one after the other, so that the newest stays. */
  async report(): Promise<void> {
    this.#cancelNext();
    this.#reporting = this.#reporting.then(() => this.#send());
    await this.#reporting;
  }

  /** Leaves the roster, after a report that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelNext();
    await this.#reporting;
    const { roster, id, onError } = this.#options;
    await roster.leave(id).catch(onError);
  }

  async #send(): Promise<void> {
    if (this.#isStopped) return;
    const { roster, status, timers, onError } = this.#options;
    await roster.report(status()).catch(onError);
    if (this.#isStopped) return;
    this.#cancelNext();
    this.#cancelNext = timers.after(REPORT_EVERY_MS, () => void this.report());
  }
}
