import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { NodeId } from '@kryton/engine/protocol/ids.ts';
import { ProcessFigures } from '@kryton/engine/roster/process-figures.ts';
import type { NodeState } from '@kryton/engine/roster/process-status.ts';
import { PRODUCT_VERSION } from '@kryton/engine/roster/product-version.ts';
import type { Roster } from '@kryton/engine/roster/roster.ts';
import { RosterReports } from '@kryton/engine/roster/roster-reports.ts';
import type { NodeGauges } from './node-gauges.ts';
import type { RecentTimes } from './recent-times.ts';

export type NodeReportsParts = {
  readonly roster: Pick<Roster, 'report' | 'leave'>;
  readonly id: NodeId;
  readonly name: string;
  readonly gauges: NodeGauges;
  readonly appends: RecentTimes;
  readonly timers: Timers;
  readonly logger: { debug(details: object, message: string): void };
};

/** Keeps a node in the roster, from which the cluster page is made. */
export class NodeReports {
  readonly #figures = new ProcessFigures();
  readonly #reports: RosterReports;

  constructor({ roster, id, name, gauges, appends, timers, logger }: NodeReportsParts) {
    this.#reports = new RosterReports({
      roster,
      id,
      timers,
      status: () => ({
        ...{ id, name, kind: 'node', version: PRODUCT_VERSION, state: stateOf(gauges) },
        figures: {
          ...this.#figures.take(),
          connections: gauges.connections(),
          documents: gauges.documents(),
          appendMs: appends.take(),
          oldestUnfoldedMs: gauges.oldestUnfoldedSeconds() * 1_000,
          pendingBytes: gauges.pendingBytes(),
          outboxBytes: gauges.outboxBytes(),
        },
      }),
      // Whatever keeps Redis away is told by the parts that cannot do without it.
      onError: (error) => logger.debug({ err: error }, 'the roster does not hear from this node'),
    });
  }

  /** Reports now, and regularly from now on. */
  report(): Promise<void> {
    return this.#reports.report();
  }

  async stop(): Promise<void> {
    await this.#reports.stop();
    this.#figures.stop();
  }
}

function stateOf({ isDraining, isReady, isOverloaded }: NodeGauges): NodeState {
  if (isDraining()) return 'draining';
  if (!isReady()) return 'deaf';
  return isOverloaded() ? 'overloaded' : 'ready';
}
