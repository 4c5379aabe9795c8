import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Growth } from '../bench/growth/growth-report.ts';
import type { MeasuredLoad } from '../bench/growth/measured-load.ts';
import type { Result } from '../bench/report.ts';
import {
  CAUSES,
  type Cause,
  type Costs,
  causesOf,
  coresOf,
  ROLES,
  type Role,
  type RoleCosts,
} from './costs.ts';
import { nonNegativeLeastSquares } from './least-squares.ts';
import type { Work } from './work.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
/** A shorter hold counts CPU while documents are still folded. */
const SETTLED_AFTER_MIN = 5;
const NO_WORK: Work = {
  connections: 0,
  rooms: 0,
  edits: 0,
  batches: 0,
  heard: 0,
  writes: 0,
  deliveries: 0,
  folds: 0,
  jobs: 0,
  opens: 0,
};

/** What was done and what it took: one equation for each role. */
export type Sample = {
  readonly name: string;
  readonly work: Work;
  readonly nodes: number;
  readonly cpuMsPerS: Readonly<Partial<Record<Role, number>>>;
};

export type Fit = {
  readonly costs: Costs;
  /** How far the costs are from what they were fitted on: the share by which each equation is missed. */
  readonly misses: readonly { readonly role: Role; readonly sample: string; readonly share: number }[];
};

/** What openings of connections cost is known by itself; all else is fitted. */
export function fitCosts(
  samples: readonly Sample[],
  opening: Readonly<Record<Role, number>>,
  memory: Costs['memory'],
): Fit {
  const cpuUs = Object.fromEntries(
    ROLES.map((role) => [role, { ...fitRole(role, samples), opens: opening[role] }]),
  ) as Record<Role, RoleCosts>;
  const misses = ROLES.flatMap((role) =>
    equationsOf(role, samples).map(({ name, causes, measuredUs }) => ({
      role,
      sample: name,
      share: (coresOf(cpuUs[role], causes) * 1e6) / measuredUs - 1,
    })),
  );
  return { costs: { cpuUs, memory }, misses };
}

function fitRole(role: Role, samples: readonly Sample[]): RoleCosts {
  const causes = CAUSES[role].filter((cause) => cause !== 'opens');
  const equations = equationsOf(role, samples);
  const costs = nonNegativeLeastSquares(
    equations.map((equation) => causes.map((cause) => equation.causes[cause])),
    equations.map(({ measuredUs }) => measuredUs),
  );
  return Object.fromEntries(
    causes
      .map((cause, at) => [cause, Number((costs[at] ?? 0).toPrecision(4))] as const)
      .filter(([, us]) => us > 0),
  );
}

function equationsOf(role: Role, samples: readonly Sample[]) {
  return samples.flatMap(({ name, work, nodes, cpuMsPerS }) => {
    const measuredUs = (cpuMsPerS[role] ?? 0) * 1_000;
    if (measuredUs === 0) return [];
    const causes: Readonly<Record<Cause, number>> = causesOf(work, {
      processes: role === 'node' ? nodes : 1,
      nodes,
    });
    return [{ name, causes, measuredUs }];
  });
}

/** Fits on what is kept in `results`: the growth curves, the idle connections, the open documents. */
export function fitResults(): Fit {
  const growth = read<Growth>('growth.json');
  const idle = figuresOf(read<Result>('scale-idle-10000.json'));
  const documents = figuresOf(read<Result>('scale-documents-5000.json'));
  const samples = growth.curves.flatMap(({ id, points }) =>
    points.map(({ x, measured }) => sampleOf(`${id} ${x}`, measured)),
  );
  return fitCosts(
    [...samples, idleSample(idle)],
    byRole((role) => idle(`opening: ${role}`)),
    memoryOf(idle, documents),
  );
}

/** Counts that were measured, and those that follow from them. */
export function sampleOf(name: string, measured: MeasuredLoad): Sample {
  const { load, editsPerS, writesPerS, deliveriesPerS, foldsPerS, jobsPerS, cpuMsPerS } = measured;
  const hosts = load.isApart ? 1 : Math.min(load.nodes, load.people);
  const idle = load.idle ?? 0;
  const batches = writesPerS / load.people;
  return {
    name,
    nodes: load.nodes,
    cpuMsPerS,
    work: {
      connections: load.documents * load.people + idle,
      rooms: load.documents * hosts + (idle / 2) * Math.min(2, load.nodes),
      edits: editsPerS,
      batches,
      heard: batches * hosts,
      writes: writesPerS,
      deliveries: deliveriesPerS,
      folds: foldsPerS,
      jobs: jobsPerS,
      opens: 0,
    },
  };
}

type Figures = (name: string) => number;

function idleSample(figure: Figures): Sample {
  const ms = (role: Role) => figure(`idle: ${role}`) * 10;
  return {
    name: 'idle-10000',
    nodes: 1,
    // A percent of a core is 10 ms of it a second. Until the new documents are settled only the node is idle.
    cpuMsPerS: figure('held') < SETTLED_AFTER_MIN ? { node: ms('node') } : byRole(ms),
    work: { ...NO_WORK, connections: 10_000, rooms: 5_000 },
  };
}

/** Two connections and a document, and one connection and a document: what each of them takes. */
function memoryOf(idle: Figures, documents: Figures): Costs['memory'] {
  const pairKb = 2 * idle('RSS per connection');
  const soloKb = documents('RSS per open document with its editor');
  const perConnectionKb = Math.max(0, pairKb - soloKb);
  return {
    nodeMb: Math.round(idle('RSS of the node') - (10_000 * idle('RSS per connection')) / 1_024),
    perConnectionKb: Number(perConnectionKb.toPrecision(3)),
    perRoomKb: Number(Math.max(0, soloKb - perConnectionKb).toPrecision(3)),
  };
}

function byRole(figure: (role: Role) => number): Record<Role, number> {
  return {
    node: figure('node'),
    redis: figure('redis'),
    worker: figure('worker'),
    database: figure('database'),
  };
}

function figuresOf({ id, figures }: Result): Figures {
  return (name) => {
    const found = figures.find((figure) => figure.name === name);
    if (!found) throw new Error(`results/scale-${id}.json has no figure "${name}": run it again with --keep`);
    return found.value;
  };
}

function read<Content>(name: string): Content {
  return JSON.parse(readFileSync(`${RESULTS}${name}`, 'utf8')) as Content;
}
