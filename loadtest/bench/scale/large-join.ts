import { setTimeout as pause } from 'node:timers/promises';
import type { Latencies } from '../latencies.ts';
import { settledKb } from '../memory.ts';
import { type Figure, shown } from '../scenario.ts';
import { largeDocument, seedDocuments } from '../seed.ts';
import { nodesOf } from '../system.ts';
import { forgetPeak, meterCpu, peakKb } from '../usage.ts';
import { EditingPair } from './editing-pair.ts';
import { startJoiningCrowd } from './joining-crowd.ts';
import { on, type ScaleScenario, sized } from './scale-scenario.ts';

const JOINERS = 150;
const BYTES = 20_000_000;
/** What y-hub 0.7 publishes for these joiners, on a faster machine. */
const PUBLISHED = { p50S: 19, growthMb: 6_500 };
const QUIET_MS = 10_000;

/** `join-20mb`: everybody opens the same large document at once, while somebody goes on writing in it. */
export const largeJoin: ScaleScenario = (options) => {
  const joiners = sized(JOINERS, options);
  const bytes = Math.round(BYTES * options.share);
  return {
    id: 'join-20mb',
    question: `What does it cost when ${joiners} people open a document of ${bytes / 1_000_000} MB in the same moment, and what do its editors feel of it?`,
    nonGoals:
      'Two nodes on one core. The joiners count what arrives and do not apply it. An editor on one node writes ten edits a second and another reads them on the other node.',
    target: `y-hub publishes a p50 of ${PUBLISHED.p50S} s and ${PUBLISHED.growthMb / 1_000} GB`,
    run: (start) =>
      on(start, {}, async (system) => {
        const [docId = ''] = await seedDocuments(system, largeDocument(bytes), 1);
        const crowd = await startJoiningCrowd();
        const pair = await EditingPair.begin(system, docId);
        const beforeKb = await settledKb(system);
        pair.take();
        await pause(QUIET_MS);
        const quiet = pair.take();
        forgetPeak(nodesOf(system));
        const cpuUsed = meterCpu(system);
        const doors = Array.from({ length: joiners }, (_, index) =>
          system.doorOf(index % system.nodeCount, docId),
        );
        const { timesMs, failures, generator } = await crowd.join({ doors, bytes });
        const cpu = cpuUsed();
        const meanwhile = pair.take();
        const growthMb = (peakKb(nodesOf(system)) - beforeKb) / 1_024;
        const missing = await pair.end();
        for (const failure of failures) console.log(`    somebody could not join: ${failure}`);
        return [
          { name: 'who could not join', unit: '', value: joiners - timesMs.length, target: 0 },
          { name: 'join: p50', unit: 's', value: shareOf(timesMs, 0.5), target: PUBLISHED.p50S },
          shown('join: p99', 's', shareOf(timesMs, 0.99)),
          shown('CPU per join', 'ms', cpu.countedMs / joiners),
          { name: 'RSS growth at its peak', unit: 'MB', value: growthMb, target: PUBLISHED.growthMb },
          ...felt('before', quiet),
          ...felt('meanwhile', meanwhile),
          { name: 'edits missing', unit: '', value: missing, target: 0 },
          shown('generator of joins busy', '%', generator.busy * 100),
        ];
      }),
  };
};

function shareOf(sortedMs: readonly number[], share: number): number {
  return (sortedMs[Math.max(0, Math.ceil(sortedMs.length * share) - 1)] ?? Number.NaN) / 1_000;
}

function felt(when: string, latencies: Latencies): Figure[] {
  return [
    shown(`an edit ${when}: p50`, 'ms', latencies.quantile(0.5)),
    shown(`an edit ${when}: p99`, 'ms', latencies.quantile(0.99)),
    shown(`an edit ${when}: longest`, 'ms', latencies.quantile(1)),
  ];
}
