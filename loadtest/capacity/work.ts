import { folding } from './folding.ts';
import { batchesPerS } from './gathering.ts';
import type { Kind, Load } from './load.ts';

/** What a cluster does for a load, all nodes together; what is not marked is per second. */
export type Work = {
  /** Not per second: how many there are. */
  readonly connections: number;
  /** Not per second: documents that are open, counted on each node that has them open. */
  readonly rooms: number;
  readonly edits: number;
  /** Batches that are appended to a log and published. */
  readonly batches: number;
  /** Batches that a node hears, counted on each node. */
  readonly heard: number;
  /** Writes of batches to sockets. */
  readonly writes: number;
  readonly deliveries: number;
  readonly folds: number;
  readonly jobs: number;
  readonly opens: number;
};

/** What one edit and one write to a socket cost a node, in us: they decide how much is gathered. */
export type FanOutCosts = { readonly heardUs: number; readonly writeUs: number };

export function workOf(load: Load, nodes: number, costs: FanOutCosts): Work {
  const parts = load.kinds.map((kind) => workOfKind(kind, hostsOf(kind, load, nodes), costs));
  const sum = (of: keyof Work) => parts.reduce((total, part) => total + part[of], 0);
  return {
    connections: sum('connections'),
    rooms: sum('rooms'),
    edits: sum('edits'),
    batches: sum('batches'),
    heard: sum('heard'),
    writes: sum('writes'),
    deliveries: sum('deliveries'),
    folds: sum('folds'),
    jobs: sum('jobs'),
    opens: load.opensPerS,
  };
}

/** On how many nodes a document is open: each of its people is on another one while there are enough. */
function hostsOf({ people }: Kind, { isApart }: Load, nodes: number): number {
  return isApart ? 1 : Math.min(nodes, people);
}

function workOfKind(
  { documents, people, editors, editsPerS }: Kind,
  hosts: number,
  { heardUs, writeUs }: FanOutCosts,
): Work {
  const appending = Math.min(hosts, editors);
  const edits = editors * editsPerS;
  const fanOutS = (heardUs + (writeUs * people) / hosts) / 1e6;
  const batches =
    appending === 0 ? 0 : appending * batchesPerS({ editsPerS: edits / appending, appending, fanOutS });
  const { foldsPerS, jobsPerS } = folding(edits);
  return {
    connections: documents * people,
    rooms: documents * hosts,
    edits: documents * edits,
    batches: documents * batches,
    heard: documents * batches * hosts,
    writes: documents * batches * people,
    deliveries: documents * edits * people,
    folds: documents * foldsPerS,
    jobs: documents * jobsPerS,
    opens: 0,
  };
}
