import { describe, expect, it } from 'vitest';
import { manualTimers } from '../testing/manual-timers.ts';
import { EmbeddedRoster } from './embedded-roster.ts';
import { aNode } from './roster.contract.ts';
import type { Roster } from './roster.ts';
import { REPORT_EVERY_MS, RosterReports } from './roster-reports.ts';

const node = aNode('node-1');

function reportsTo(roster: Pick<Roster, 'report' | 'leave'>, timers = manualTimers()) {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  let upMs = 0;
  const status = () => ({ ...node, figures: { ...node.figures, upMs: ++upMs } });
  return { timers, errors, reports: new RosterReports({ roster, id: node.id, status, timers, onError }) };
}

describe('RosterReports', () => {
  it('reports at once, then regularly, and leaves', async () => {
    const timers = manualTimers();
    const roster = new EmbeddedRoster(timers.now);
    const { reports } = reportsTo(roster, timers);
    const seen = async () => (await roster.read()).map(({ status }) => status.figures.upMs);
    await reports.report();
    expect(await seen()).toEqual([1]);
    await timers.advance(2 * REPORT_EVERY_MS);
    expect(await seen()).toEqual([3]);
    // A report for a reason of its own puts off the next regular one.
    await reports.report();
    await timers.advance(REPORT_EVERY_MS - 1);
    expect(await seen()).toEqual([4]);
    await reports.stop();
    await timers.advance(10 * REPORT_EVERY_MS);
    expect(await seen()).toEqual([]);
  });

  it('goes on after a report that failed, and says so', async () => {
    const calls: string[] = [];
    const { reports, timers, errors } = reportsTo({
      async report() {
        calls.push('report');
        if (calls.length === 1) throw new Error('away');
      },
      async leave() {
        calls.push('leave');
        throw new Error('away');
      },
    });
    await reports.report();
    await timers.advance(REPORT_EVERY_MS);
    await reports.stop();
    expect(calls).toEqual(['report', 'report', 'leave']);
    expect(errors).toHaveLength(2);
  });

  it('leaves after a report that is under way, or that would bring it back', async () => {
    const calls: string[] = [];
    const [begun, under] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { reports } = reportsTo({
      async report() {
        begun.resolve();
        await under.promise;
        calls.push('report');
      },
      async leave() {
        calls.push('leave');
      },
    });
    const reported = reports.report();
    await begun.promise;
    const stopped = reports.stop();
    under.resolve();
    await Promise.all([reported, stopped]);
    expect(calls).toEqual(['report', 'leave']);
  });
});
