import { once } from 'node:events';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Crowd } from './testing/crowd.ts';
import { type FaultCluster, type FaultNode, startFaultCluster } from './testing/fault-cluster.ts';
import { preloaded } from './testing/preloaded.ts';
import { expectPromiseKept } from './testing/promise.ts';

/** Twice the default of OVERLOAD_DELAY_MS: who arrives in such a turn waits for half of it. */
const BUSY_MS = 600;
/** Has too much to do from the first SIGUSR2 to the next. */
const BUSY_ON_SIGNAL = preloaded(`
  let busy = null;
  const turn = () => { for (const until = performance.now() + ${BUSY_MS}; performance.now() < until; ); };
  process.on('SIGUSR2', () => {
    if (busy === null) busy = setInterval(turn, 1);
    else busy = clearInterval(busy) ?? null;
  });`);
/** Seconds. */
const MAX_AGE = 4;

describe('nodes that have too many connections, or too much to do', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  beforeAll(async () => {
    cluster = await startFaultCluster({
      nodes: 2,
      nodeEnv: (index) => (index === 0 ? { MAX_CONNECTION_AGE: String(MAX_AGE) } : BUSY_ON_SIGNAL),
    });
  });
  afterEach(() => crowd?.close());
  afterAll(() => cluster.stop());

  const node = (index: number): FaultNode => cluster.nodes[index] ?? expect.fail('there is such a node');
  const edit = async (name: string, bases: readonly string[]): Promise<void> => {
    crowd = new Crowd({ clients: 20, docIds: [name], bases, as: cluster.somebody, seed: seedFor(name) });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(50);
  };
  /** The status, Retry-After and body of a refused upgrade; 101 for one that is let in. */
  const upgrade = async ({ base }: FaultNode) => {
    const socket = new WebSocket(`${base}/ws/yjs/newcomer`, { headers: cluster.somebody });
    const refused = once(socket, 'unexpected-response');
    const opened = once(socket, 'open').then(() => null);
    const answer = await Promise.race([refused, opened]);
    socket.on('error', () => {});
    socket.terminate();
    if (answer === null) return { status: 101 };
    const [, response] = answer;
    const chunks = await response.toArray();
    const { error } = JSON.parse(Buffer.concat(chunks).toString());
    return { status: response.statusCode, retryAfter: response.headers['retry-after'], code: error.code };
  };

  it('DRAIN2 who is connected for long is asked to connect again, and goes where there is room: nothing is lost', async () => {
    const since = performance.now();
    // As a proxy that gives each to the node with the fewest: the next is another one.
    await edit('age', [node(0).base, node(1).base]);
    // Half of them began on the other node, which keeps them.
    const movers = crowd.on(0, 2);
    await eventually(() => movers.every(({ closeCodes }) => closeCodes.length === 1), {
      what: 'everybody was asked to go once',
      withinMs: 30_000,
    });
    await crowd.synced();
    expect(await node(0).metric('kryton_connections')).toBe(0);
    expect(await node(1).metric('kryton_connections')).toBe(20);
    expect(crowd.clients.flatMap(({ closeCodes }) => closeCodes)).toEqual(movers.map(() => 1012));
    // At a pace: of ten, five in the same second.
    const leftAt = movers.flatMap(({ absences }) => absences.map(({ from }) => from));
    expect(Math.max(...leftAt) - Math.min(...leftAt)).toBeGreaterThan(500);
    expect(crowd.longestAbsenceMs(since)).toBeLessThan(5_000);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
  });

  it('a node with too much to do refuses newcomers with 503, keeps those it has, stays ready, and recovers', async () => {
    await edit('overload', [node(1).base]);
    node(1).process().kill('SIGUSR2');
    await eventually(async () => (await upgrade(node(1))).status === 503, {
      what: 'newcomers are refused',
      withinMs: 30_000,
      everyMs: 100,
    });
    expect(await upgrade(node(1))).toEqual({ status: 503, retryAfter: '10', code: 'overloaded' });
    expect((await fetch(`${node(1).base.replace('ws', 'http')}/readyz`)).status).toBe(200);
    await crowd.progress(50, 30_000);
    node(1).process().kill('SIGUSR2');
    await eventually(async () => (await upgrade(node(1))).status === 101, {
      what: 'newcomers are taken again',
      withinMs: 30_000,
      everyMs: 100,
    });
    expect(await node(1).metric('kryton_upgrade_refusals_total')).toBeGreaterThan(0);
    expect(await node(1).metric('kryton_overloaded')).toBe(0);
    expect(crowd.clients.flatMap(({ closeCodes }) => closeCodes)).toEqual([]);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
  });
});
