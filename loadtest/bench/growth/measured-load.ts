import { crowd } from '../crowd.ts';
import { openConnections } from '../opening.ts';
import { on } from '../scale/scale-scenario.ts';
import { nodesOf, type StartSystem, type SystemUnderTest } from '../system.ts';
import { residentKb } from '../usage.ts';
import { apart } from './apart.ts';
import { type WorkerJobs, workerJobs } from './worker-jobs.ts';

/** Documents of one kind, on so many nodes. */
export type CrowdLoad = {
  readonly nodes: number;
  readonly documents: number;
  /** People in each document, and how many of them edit. */
  readonly people: number;
  readonly editors: number;
  /** Of one editor. */
  readonly editsPerS: number;
  /** Whether the people of a document are all on one node; else they are spread over the nodes. */
  readonly isApart?: boolean;
  /** Connections beside them that do nothing, two in each of their documents. */
  readonly idle?: number;
};

/** What a load took each second, and what was done for it. */
export type MeasuredLoad = {
  readonly load: CrowdLoad;
  /** In ms, by role. */
  readonly cpuMsPerS: Readonly<Record<string, number>>;
  readonly editsPerS: number;
  readonly deliveriesPerS: number;
  /** Writes of edits to sockets: a batch is one for each. */
  readonly writesPerS: number;
  readonly foldsPerS: number;
  readonly jobsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident memory of a node at the end, in MB. */
  readonly nodeMb: number;
  readonly generatorLagMs: number;
};

export type Span = { readonly warmUpMs: number; readonly measureMs: number };

/** Runs a load on servers of its own. Rejects when an edit or a connection was lost. */
export function measureLoad(start: StartSystem, load: CrowdLoad, span: Span): Promise<MeasuredLoad> {
  return on(start, { nodes: load.nodes }, (system) => measureOn(system, load, span));
}

/** The same on a system that is there. */
export async function measureOn(system: SystemUnderTest, load: CrowdLoad, span: Span): Promise<MeasuredLoad> {
  const idle = load.idle
    ? await openConnections(system, { connections: load.idle, documents: load.idle / 2 })
    : null;
  const looks: { readonly atMs: number; readonly done: WorkerJobs }[] = [];
  let residentMb = Number.NaN;
  const result = await crowd(load.isApart ? apart(system) : system, {
    documents: load.documents,
    clients: load.people,
    actors: load.editors,
    does: ['edit'],
    actionsPerS: load.editsPerS,
    ...span,
    onWindow: async () => {
      looks.push({ done: await workerJobs(system), atMs: performance.now() });
      residentMb = residentKb(nodesOf(system)) / 1_024;
    },
  });
  for (const client of idle?.clients ?? []) client.close();
  const diverged = result.diverged ?? 0;
  if (result.missing + diverged > 0)
    throw new Error(`${result.missing} deliveries are missing, ${diverged} documents are not whole`);
  const perS = (count: number) => (count * 1_000) / span.measureMs;
  const [before, after] = looks;
  const jobsPerS = (what: keyof WorkerJobs) =>
    before && after ? ((after.done[what] - before.done[what]) * 1_000) / (after.atMs - before.atMs) : 0;
  return {
    load,
    cpuMsPerS: Object.fromEntries([...result.cpu.byRole].map(([role, ms]) => [role, perS(ms)])),
    editsPerS: perS(result.sent),
    deliveriesPerS: perS(result.delivered),
    writesPerS: perS(result.frames),
    foldsPerS: jobsPerS('folds'),
    jobsPerS: jobsPerS('jobs'),
    p50Ms: result.latencies.quantile(0.5),
    p99Ms: result.latencies.quantile(0.99),
    nodeMb: residentMb / system.nodeCount,
    generatorLagMs: result.generator.lagMs,
  };
}
