import { eventually } from '@kryton/engine/testing/eventually.ts';
import type { FaultNode } from '@kryton/launcher/testing/fault-cluster.ts';
import type { LocalTarget } from './local-target.ts';
import type { ScenarioName } from './scenarios.ts';

/** What is done to a cluster while sessions are on it; resolves when it is whole again. */
export type Disturbance = (target: LocalTarget, say: (what: string) => void) => Promise<void>;

/** Longer than a node takes to drain. */
const LEAVES_WITHIN_MS = 30_000;

/** By scenario; the others leave the cluster alone. */
export const DISTURBANCES: Partial<Record<ScenarioName, Disturbance>> = {
  async 'rolling-restart'({ cluster }, say) {
    for (const node of cluster.nodes) {
      say(`${node.name} is told to leave`);
      await node.process().stop({ deadlineMs: LEAVES_WITHIN_MS });
      await back(node, say);
    }
  },
  async 'node-kill'({ cluster }, say) {
    const [node] = cluster.nodes;
    if (!node) throw new Error('there is no node to kill');
    await node.kill();
    say(`${node.name} is killed`);
    await back(node, say);
  },
  async 'redis-failover'({ sentinel }, say) {
    if (!sentinel) throw new Error('this Redis has no replica');
    await sentinel.master.crash();
    say('the master of Redis is killed; the sentinels choose another');
  },
  async 'reconnect-storm'(target, say) {
    await target.restartNginx();
    say('nginx was stopped, and every connection with it; it is there again');
  },
};

async function back(node: FaultNode, say: (what: string) => void): Promise<void> {
  await node.start();
  say(`${node.name} is back`);
}

/** Resolves when so many sessions are connected: from then on a disturbance finds everybody there. */
export async function allConnected(
  { cluster }: LocalTarget,
  sessions: number,
  withinMs: number,
): Promise<void> {
  await eventually(
    async () => {
      const open = await Promise.all(cluster.nodes.map((node) => node.metric('kryton_connections')));
      return open.reduce((sum, count) => sum + count, 0) >= sessions;
    },
    { what: `${sessions} sessions are connected`, withinMs, everyMs: 500 },
  );
}
