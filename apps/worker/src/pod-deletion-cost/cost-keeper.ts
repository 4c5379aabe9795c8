import type { KubernetesPods, Pod } from './kubernetes-pods.ts';

export type CostKeeperParts = {
  readonly pods: KubernetesPods;
  /** Which pods are nodes: `app.kubernetes.io/component=node`. */
  readonly selector: string;
  /** Connections of the pod at this address; rejects when it does not say. */
  readonly connectionsOf: (ip: string) => Promise<number>;
  readonly logger: { info(fields: object, line: string): void; warn(fields: object, line: string): void };
};

/** How one round went. */
export type Round = { readonly nodes: number; readonly written: number; readonly failed: number };

/** Less of a change than this is not worth a write to the API, which every watcher of pods hears of. */
const CHANGE = { connections: 20, share: 0.1 };

/**
 * Gives every node the number of its connections as the cost of deleting it, so that a scale-down takes the emptiest
 * node first. A node that does not answer keeps its cost, and stops no other.
 *
 * Rejects when the pods cannot be listed.
 */
export async function keepCosts({ pods, selector, connectionsOf, logger }: CostKeeperParts): Promise<Round> {
  const nodes = (await pods.list(selector)).filter(({ isRunning, isLeaving }) => isRunning && !isLeaving);
  const outcomes = await Promise.all(
    nodes.map(async (pod) => {
      try {
        if (pod.ip === null) return 'kept';
        const connections = await connectionsOf(pod.ip);
        if (!isWorthWriting(pod, connections)) return 'kept';
        await pods.setCost(pod.name, connections);
        logger.info({ pod: pod.name, from: pod.cost, to: connections }, 'deletion cost');
        return 'written';
      } catch (error) {
        logger.warn({ err: error, pod: pod.name }, 'the deletion cost of a node stays as it is');
        return 'failed';
      }
    }),
  );
  const count = (outcome: string) => outcomes.filter((each) => each === outcome).length;
  return { nodes: nodes.length, written: count('written'), failed: count('failed') };
}

function isWorthWriting({ cost }: Pod, connections: number): boolean {
  if (cost === null || (connections === 0 && cost !== 0)) return true;
  const change = Math.abs(connections - cost);
  return change >= CHANGE.connections && change >= cost * CHANGE.share;
}

/**
 * The value of the gauge `kryton_connections` in Prometheus' text form. Throws an Error when it is not there.
 */
export function readConnections(metrics: string): number {
  const found = /^kryton_connections(?:\{[^}]*\})? (\d+)$/m.exec(metrics)?.[1];
  if (found === undefined) throw new Error('the figures hold no kryton_connections');
  return Number(found);
}
