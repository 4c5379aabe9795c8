import type { Costs } from './costs.ts';
import type { Load } from './load.ts';
import { type Cluster, type Prediction, predict } from './prediction.ts';

/** Of a core: what is left is for moments that are worse than the average, and for what a node that died leaves. */
export const BUSY_AT_MOST = 0.6;
/** Resident memory that a node may reach. */
export const NODE_MB = 1_024;
/** MAX_CONNECTIONS of a node, unless it is set. */
export const NODE_CONNECTIONS = 20_000;
/** One may restart while another fails. */
const LEAST_NODES = 3;
const LEAST_WORKERS = 2;
const MOST = 4_096;
/** How closely a limit is looked for. */
const PRECISION = 0.005;

export type NodeLimit = 'CPU' | 'memory' | 'connections' | 'three at least';

export type Size = {
  readonly cluster: Cluster;
  readonly prediction: Prediction;
  /** What made it so many nodes. */
  readonly nodeLimit: NodeLimit;
  /** Whether the shard with the jobs stays above the bound, however many others there are. */
  readonly isJobsSlotFull: boolean;
};

/** The smallest cluster that bears a load with every process below its bounds. */
export function sizeFor(load: Load, costs: Costs): Size {
  const at = (nodes: number) => predict(load, { nodes, shards: 1, workers: 1 }, costs);
  const nodes = smallest(LEAST_NODES, (count) => exceeded(at(count), count) === null);
  const workers = smallest(
    LEAST_WORKERS,
    (count) => predict(load, { nodes, shards: 1, workers: count }, costs).worker <= BUSY_AT_MOST,
  );
  const shardOf = (shards: number) => predict(load, { nodes, shards, workers }, costs).shard;
  const jobsAlone = shardOf(Number.POSITIVE_INFINITY);
  const isJobsSlotFull = jobsAlone > BUSY_AT_MOST;
  // Where the jobs alone are too much, the others are counted without them.
  const bound = isJobsSlotFull ? jobsAlone + BUSY_AT_MOST : BUSY_AT_MOST;
  const shards = smallest(1, (count) => shardOf(count) <= bound);
  const cluster = { nodes, shards, workers };
  const nodeLimit = nodes === LEAST_NODES ? null : exceeded(at(nodes - 1), nodes - 1);
  return {
    cluster,
    prediction: predict(load, cluster, costs),
    nodeLimit: nodeLimit ?? 'three at least',
    isJobsSlotFull,
  };
}

/** The first bound that nodes of this load are above. */
function exceeded({ node, nodeMb, work }: Prediction, nodes: number): NodeLimit | null {
  if (node > BUSY_AT_MOST) return 'CPU';
  if (nodeMb > NODE_MB) return 'memory';
  return work.connections / nodes > NODE_CONNECTIONS ? 'connections' : null;
}

export type Bearing = { readonly connections: number; readonly editsPerS: number; readonly limit: NodeLimit };

/** How much of a load one of so many nodes bears, and what ends it. `load` is told the connections of all nodes. */
export function nodeBears(load: (connections: number) => Load, nodes: number, costs: Costs): Bearing {
  const limitAt = (connections: number) =>
    exceeded(predict(load(connections * nodes), { nodes, shards: 1, workers: 1 }, costs), nodes);
  const { bears, tooMany } = mostBorne((connections) => limitAt(connections) === null);
  const { work } = predict(load(bears * nodes), { nodes, shards: 1, workers: 1 }, costs);
  return {
    connections: bears,
    editsPerS: work.edits / nodes,
    limit: limitAt(tooMany) ?? 'connections',
  };
}

/** The most connections for which `isBorne` holds, and a few more for which it does not. */
export function mostBorne(isBorne: (connections: number) => boolean): { bears: number; tooMany: number } {
  let [bears, tooMany] = [0, 1_000];
  while (isBorne(tooMany)) [bears, tooMany] = [tooMany, tooMany * 2];
  while (tooMany - bears > PRECISION * tooMany) {
    const middle = Math.floor((bears + tooMany) / 2);
    if (isBorne(middle)) bears = middle;
    else tooMany = middle;
  }
  return { bears, tooMany };
}

function smallest(from: number, isEnough: (count: number) => boolean): number {
  for (let count = from; count < MOST; count++) if (isEnough(count)) return count;
  return MOST;
}
