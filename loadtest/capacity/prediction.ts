import { type Costs, causesOf, coresOf } from './costs.ts';
import type { Load } from './load.ts';
import { type Work, workOf } from './work.ts';

export type Cluster = { readonly nodes: number; readonly shards: number; readonly workers: number };

export type Prediction = {
  readonly work: Work;
  /** CPU in cores: of each node, of the fullest shard of Redis, of each worker, of PostgreSQL. */
  readonly node: number;
  readonly shard: number;
  readonly worker: number;
  readonly database: number;
  /** Resident memory of each node, in MB. */
  readonly nodeMb: number;
};

/** What a load takes of a cluster of this size, evenly spread. */
export function predict(load: Load, { nodes, shards, workers }: Cluster, costs: Costs): Prediction {
  const { heard: heardUs = 0, writes: writeUs = 0 } = costs.cpuUs.node;
  const work = workOf(load, nodes, { heardUs, writeUs });
  const of = (processes: number) => causesOf(work, { processes, nodes });
  const { memory } = costs;
  return {
    work,
    node: coresOf(costs.cpuUs.node, of(nodes)) / nodes,
    shard: fullestShard(costs, of(1), shards),
    worker: coresOf(costs.cpuUs.worker, of(workers)) / workers,
    database: coresOf(costs.cpuUs.database, of(1)),
    nodeMb:
      memory.nodeMb +
      (work.connections * memory.perConnectionKb + work.rooms * memory.perRoomKb) / nodes / 1_024,
  };
}

/** Documents are spread over the shards; the jobs have one hash slot and with it one shard for themselves. */
function fullestShard(costs: Costs, causes: ReturnType<typeof causesOf>, shards: number): number {
  const { jobs = 0, folds = 0, processes = 0, nodes = 0, ...spread } = costs.cpuUs.redis;
  return coresOf({ jobs, folds, processes, nodes }, causes) + coresOf(spread, causes) / shards;
}
