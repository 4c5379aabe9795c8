import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, type FaultNode, startFaultCluster } from '../testing/fault-cluster.ts';
import { isInFull, lastingMs } from '../testing/lasting.ts';
import { preloaded } from '../testing/preloaded.ts';
import { expectPromiseKept } from '../testing/promise.ts';
import { type NotingProxy, type ProxiedTry, startNotingProxy } from '../testing/proxied-upgrades.ts';

const CLIENTS = isInFull() ? 300 : 60;
const DOCUMENTS = CLIENTS / 5;
/**
 * DRAIN2. In `npm test` other suites have the machine at the same time, and who is away waits for a processor too: more
 * than that would be a fault all the same.
 */
const AWAY_MS = lastingMs(5_000, 20_000);
const SYNCED_MS = 30_000;
/** A hundred edits a second from three hundred. */
const EDIT_EVERY_MS = 3_000;
/** What Kubernetes calls the grace period, shorter. */
const GRACE_MS = 3_000;
/** Nodes are started one after the other, each with a deadline of its own that says what was wrong. */
const ROLLOUT_MS = 400_000;
/** For a node that leaves by itself. */
const PATIENCE_MS = 30_000;

/** After a SIGUSR2 the node hangs on SIGTERM: its event loop stands still, and no handler of ours comes to run. */
const HANGS_WHEN_TOLD = preloaded(`
  process.once('SIGUSR2', () => {
    process.stderr.write('HANGS FROM NOW ON\\n');
    process.prependListener('SIGTERM', () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  });`);

/** How one node left: when it said so itself, when it was gone (ms since 1970), and what it had written by then. */
type Departure = {
  readonly port: number;
  readonly toldMs: number;
  readonly goneMs: number;
  readonly log: string;
};

describe('a rollout behind nginx, under many editing clients', () => {
  let cluster: FaultCluster;
  let proxy: NotingProxy;
  let crowd: Crowd;
  beforeAll(async () => {
    cluster = await startFaultCluster({
      nodes: 3,
      // No proxies of the test's own between: its process has enough to do with the clients.
      isDirect: true,
      // Connections are logged there.
      env: { LOG_LEVEL: 'debug', DRAIN_SECONDS: '3' },
      nodeEnv: (index) => (index === 1 ? HANGS_WHEN_TOLD : {}),
    });
    proxy = await startNotingProxy(cluster.nodes.map(portOf));
  });
  afterEach(() => crowd?.close());
  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  const edit = async (name: string): Promise<number> => {
    crowd = new Crowd({
      clients: CLIENTS,
      docIds: Array.from({ length: DOCUMENTS }, (_, index) => `${name}-${index}`),
      bases: [proxy.front],
      as: cluster.somebody,
      seed: seedFor(name),
      everyMs: EDIT_EVERY_MS,
    });
    await crowd.synced(SYNCED_MS);
    crowd.startEditing();
    await crowd.progress(CLIENTS, 30_000);
    return performance.now();
  };

  /** Replaces a node as a rollout does: SIGTERM, SIGKILL after the grace period, and the next one when it is ready. */
  const replace = async (node: FaultNode, graceMs: number): Promise<Departure> => {
    const leaving = node.process();
    const toldMs = Date.now();
    await leaving.stop({ deadlineMs: graceMs });
    const departure = { port: portOf(node), toldMs, goneMs: Date.now(), log: leaving.output() };
    await node.start();
    await crowd.synced(SYNCED_MS);
    return departure;
  };

  it(
    'DRAIN1 DRAIN2 all nodes replaced: no acknowledged edit is lost, nobody is away for 5 s, no draining node takes anybody',
    async () => {
      const since = await edit('rollout');
      const departures: Departure[] = [];
      for (const node of cluster.nodes) departures.push(await replace(node, PATIENCE_MS));
      await crowd.progress(CLIENTS, 30_000);
      const awayMs = Math.round(crowd.longestAbsenceMs(since));
      expect(awayMs).toBeLessThan(AWAY_MS);
      // Everybody was sent away by somebody, and told why.
      expect(new Set(crowd.clients.flatMap(({ closeCodes }) => closeCodes))).toEqual(new Set([1012]));
      crowd.stopEditing();
      await expectPromiseKept(cluster, crowd);
      crowd.close();
      const refused = departures.map((departure) => expectNobodyTaken(departure, proxy.tries()));
      // The node with the fewest connections is the one that drains: it is asked, and says no.
      expect(Math.max(...refused)).toBeGreaterThan(0);
      recordRecovery(`a rollout of all nodes behind nginx, ${CLIENTS} clients editing`, {
        awayMs,
        acknowledged: crowd.acknowledged,
        refusedWhileDraining: refused.reduce((sum, count) => sum + count, 0),
      });
    },
    ROLLOUT_MS,
  );

  it(
    'DRAIN2 a node that hangs on SIGTERM is killed in a rollout: no acknowledged edit is lost, nobody is away for 5 s',
    async () => {
      const since = await edit('hang');
      const [first, hanging, last] = cluster.nodes;
      if (!first || !hanging || !last) expect.fail('there are three nodes');
      // The others leave as above.
      const departures = isInFull() ? [await replace(first, PATIENCE_MS)] : [];
      hanging.process().kill('SIGUSR2');
      await eventually(() => hanging.process().output().includes('HANGS FROM NOW ON'), {
        what: 'it will hang',
      });
      const hungAt = performance.now();
      const hung = await replace(hanging, GRACE_MS);
      if (isInFull()) departures.push(await replace(last, PATIENCE_MS));
      const back = crowd.clients.flatMap(({ absences }) =>
        absences.filter(({ from, code }) => from > hungAt && code === 1006).map(({ until }) => until),
      );
      await crowd.progress(CLIENTS, 30_000);
      const awayMs = Math.round(crowd.longestAbsenceMs(since));
      expect(awayMs).toBeLessThan(AWAY_MS);
      crowd.stopEditing();
      await expectPromiseKept(cluster, crowd);
      crowd.close();
      expect(hung.log).not.toContain('SIGTERM: leaving');
      expect(hung.goneMs - hung.toldMs).toBeGreaterThanOrEqual(GRACE_MS);
      for (const departure of departures) expectNobodyTaken(departure, proxy.tries());
      recordRecovery(`the same, and one node hangs on SIGTERM and is killed after ${GRACE_MS / 1_000} s`, {
        awayMs,
        hungAndAwayMs: Math.round(Math.max(...back) - hungAt),
      });
    },
    ROLLOUT_MS,
  );
});

/**
 * By its own log and by the proxy's, a node that was told to leave accepted no WebSocket any more; the result is how
 * many it refused.
 */
function expectNobodyTaken({ port, toldMs, goneMs, log }: Departure, tries: readonly ProxiedTry[]): number {
  const [before, after] = log.split('SIGTERM: leaving');
  expect(before, 'the log shows who connected').toContain('"msg":"connected"');
  expect(after, 'the node said that it leaves').toContain('"msg":"disconnected"');
  expect(after).not.toContain('"msg":"connected"');
  // What was asked in the very moment of the signal may have been answered before it: the log above tells them apart.
  const leftMs = Math.max(toldMs, timeOf(log, 'SIGTERM: leaving'));
  const asked = tries.filter((each) => each.nodePort === port && each.atMs > leftMs && each.atMs < goneMs);
  expect(asked.filter(({ status }) => status === 101)).toEqual([]);
  return asked.filter(({ status }) => status === 503).length;
}

/** When a line with `text` was logged, ms since 1970. */
function timeOf(log: string, text: string): number {
  const line = log.split('\n').find((each) => each.includes(text)) ?? '';
  return Number(/"time":(\d+)/.exec(line)?.[1]);
}

function portOf({ base }: { readonly base: string }): number {
  return Number(new URL(base).port);
}
