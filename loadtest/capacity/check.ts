import { type CrowdLoad, type MeasuredLoad, measureLoad } from '../bench/growth/measured-load.ts';
import type { Place } from '../bench/place.ts';
import type { StartSystem } from '../bench/system.ts';
import type { Costs } from './costs.ts';
import type { Load } from './load.ts';
import { predict } from './prediction.ts';

/** New documents are folded, and their logs trimmed a minute later; then a document is folded once in the time measured. */
const SPAN = { warmUpMs: 65_000, measureMs: 25_000 };

/** Loads that no cost was fitted on: another mix of nodes, documents, people and edits than any point of the curves. */
export const CHECKS: Readonly<Record<string, CrowdLoad>> = {
  offices: { nodes: 2, documents: 250, people: 5, editors: 2, editsPerS: 0.3 },
  classes: { nodes: 3, documents: 4, people: 90, editors: 30, editsPerS: 1, idle: 2_000 },
};

export type Check = { readonly name: string; readonly measured: MeasuredLoad };
export type Checks = Place & { readonly checks: readonly Check[] };

/** Runs each load as long as a document takes to be folded, and measures it. */
export async function runChecks(start: StartSystem): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, load] of Object.entries(CHECKS))
    checks.push({ name, measured: await measureLoad(start, load, SPAN) });
  return checks;
}

export type Compared = {
  readonly name: string;
  readonly unit: string;
  readonly predicted: number;
  readonly measured: number;
};

/** What the model says of a load that was run, beside what was measured. Nothing of the measurement is told to it. */
export function compared({ measured }: Check, costs: Costs): Compared[] {
  const { load, cpuMsPerS } = measured;
  const { work, ...cores } = predict(asLoad(load), { nodes: load.nodes, shards: 1, workers: 1 }, costs);
  const cpu = (name: string, role: string, predicted: number): Compared => ({
    name,
    unit: '% of a core',
    predicted: predicted * 100,
    measured: (cpuMsPerS[role] ?? Number.NaN) / 10,
  });
  const perS = (name: string, predicted: number, found: number): Compared => ({
    name,
    unit: '/s',
    predicted,
    measured: found,
  });
  return [
    cpu('CPU of all nodes', 'node', cores.node * load.nodes),
    cpu('CPU of Redis', 'redis', cores.shard),
    cpu('CPU of the worker', 'worker', cores.worker),
    cpu('CPU of PostgreSQL', 'database', cores.database),
    { name: 'memory of a node', unit: 'MB', predicted: cores.nodeMb, measured: measured.nodeMb },
    perS('writes to sockets', work.writes, measured.writesPerS),
    perS('jobs of the worker', work.jobs, measured.jobsPerS),
    perS('folds', work.folds, measured.foldsPerS),
  ];
}

function asLoad({ documents, people, editors, editsPerS, isApart = false, idle = 0 }: CrowdLoad): Load {
  return {
    kinds: [
      { documents, people, editors, editsPerS },
      { documents: idle / 2, people: 2, editors: 0, editsPerS: 0 },
    ],
    opensPerS: 0,
    isApart,
  };
}
