import { randomBytes } from 'node:crypto';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { ProcessFigures } from '@kryton/engine/roster/process-figures.ts';
import { PRODUCT_VERSION } from '@kryton/engine/roster/product-version.ts';
import type { Roster } from '@kryton/engine/roster/roster.ts';
import { RosterReports } from '@kryton/engine/roster/roster-reports.ts';
import type { WorkerFigures } from './worker-figures.ts';

export type WorkerReportsParts = {
  readonly roster: Pick<Roster, 'report' | 'leave'>;
  readonly name: string;
  readonly figures: WorkerFigures;
  readonly timers: Timers;
  readonly logger: { debug(details: object, message: string): void };
};

/** Keeps a worker in the roster, from which the cluster page is made. */
export class WorkerReports {
  readonly #process = new ProcessFigures();
  readonly #reports: RosterReports;
  #isDraining = false;

  constructor({ roster, name, figures, timers, logger }: WorkerReportsParts) {
    const id = `${name}-${randomBytes(4).toString('hex')}`;
    this.#reports = new RosterReports({
      roster,
      id,
      timers,
      status: () => ({
        ...{ id, name, kind: 'worker', version: PRODUCT_VERSION },
        state: this.#isDraining ? 'draining' : 'working',
        figures: { ...this.#process.take(), ...figures.read() },
      }),
      onError: (error) => logger.debug({ err: error }, 'the roster does not hear from this worker'),
    });
  }

  /** Reports now, and regularly from now on. */
  report(): Promise<void> {
    return this.#reports.report();
  }

  /** Says that the worker takes no more jobs. */
  drain(): Promise<void> {
    this.#isDraining = true;
    return this.report();
  }

  async stop(): Promise<void> {
    await this.#reports.stop();
    this.#process.stop();
  }
}
