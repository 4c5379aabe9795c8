import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type StockClient, stockClient } from '@kryton/server/testing/stock-client.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningCommand, startCluster } from './testing/commands.ts';

/** Longer than a stock client (30 s) and a proxy that is set up carelessly (60 s) put up with silence. */
const ALONE_MS = 65_000;
/** Each start has its own deadline (`commands.ts`), which says what was wrong. */
const TWO_STARTS_MS = 240_000;

describe('a cluster of three nodes behind nginx', () => {
  let cluster: RunningCommand;
  /** Where nothing happens, while things happen in the other one. */
  let quiet: RunningCommand;
  let lone: StockClient[];
  let aloneSince: number;
  const clients: StockClient[] = [];
  beforeAll(async () => {
    quiet = await startCluster(1);
    const node = quiet.nodes[0] ?? expect.fail('there is a node');
    const { somebody: as } = quiet;
    lone = [
      stockClient(node, 'lone-1', { as }),
      stockClient(node, 'lone-2', { as, presence: false }),
      stockClient(quiet.front, 'lone-3', { as }),
      stockClient(quiet.front, 'lone-4', { as, presence: false }),
    ];
    await Promise.all(lone.map((client) => client.synced()));
    aloneSince = performance.now();
    cluster = await startCluster(3);
  }, TWO_STARTS_MS);
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    for (const client of lone ?? []) client.close();
    await Promise.all([cluster?.stop(), quiet?.stop()]);
  });

  const connect = (base: string | undefined, docId: string): StockClient => {
    const { somebody: as } = cluster;
    const client = stockClient(base ?? expect.fail('there is such a node'), docId, { as });
    clients.push(client);
    return client;
  };
  const seenBy = ({ awareness }: StockClient) => awareness.getStates();
  const named = (base: string | undefined, docId: string, name: string): StockClient => {
    const client = connect(base, docId);
    client.awareness.setLocalStateField('user', { name });
    return client;
  };

  it('PRES3 PRES4 forty on three nodes see each other within 1 s, and not those of a node that was killed', async () => {
    const docId = 'crowd';
    const crowd = Array.from({ length: 40 }, (_, i) => named(cluster.nodes[i % 3], docId, `person ${i}`));
    await Promise.all(crowd.map((client) => client.synced()));
    await eventually(() => crowd.every((client) => seenBy(client).size === 40), {
      what: 'all see all',
      withinMs: 1_000,
    });
    const [leaving, ...others] = crowd;
    const goneId = leaving?.doc.clientID ?? 0;
    leaving?.close();
    await eventually(() => others.every((client) => !seenBy(client).has(goneId)), {
      what: 'who closed is gone for all',
      withinMs: 1_000,
    });
    const ofKilled = crowd.filter((_, i) => i % 3 === 1);
    const staying = crowd.filter((client, i) => i % 3 !== 1 && client !== leaving);
    for (const client of ofKilled) client.provider.shouldConnect = false;
    process.kill(cluster.pidOf(1), 'SIGKILL');
    await eventually(
      () => staying.every((client) => ofKilled.every(({ doc }) => !seenBy(client).has(doc.clientID))),
      {
        what: 'those of the killed node are gone',
        withinMs: 30_000,
        everyMs: 100,
      },
    );
    expect(staying.every((client) => seenBy(client).size === staying.length)).toBe(true);
  });

  it('DRAIN2 WIRE1 every node is restarted under editing clients: nothing is lost, nobody is away for more than 5 s', async () => {
    const docId = 'rolling';
    await eventually(async () => (await fetch(`${cluster.nodes[1]?.replace('ws', 'http')}/readyz`)).ok, {
      what: 'the killed node is back',
      withinMs: 20_000,
    });
    const editors = Array.from({ length: 9 }, () => connect(cluster.front, docId));
    await Promise.all(editors.map((client) => client.synced()));
    let longestAwayMs = 0;
    for (const { provider } of editors) {
      let awaySince: number | null = null;
      provider.on('connection-close', () => {
        awaySince ??= performance.now();
      });
      provider.on('sync', (isSynced: boolean) => {
        if (!isSynced || awaySince === null) return;
        longestAwayMs = Math.max(longestAwayMs, performance.now() - awaySince);
        awaySince = null;
      });
    }
    let written = 0;
    const typing = setInterval(() => {
      for (const [i, { text }] of editors.entries()) text.insert(text.length, `<${i}:${written}>`);
      written++;
    }, 100);
    for (let node = 0; node < 3; node++) {
      const pid = cluster.pidOf(node);
      process.kill(pid, 'SIGTERM');
      // The launcher starts it again; the next one leaves when this one is back.
      await eventually(() => cluster.pidOf(node) !== pid, {
        what: 'the node is started again',
        withinMs: 30_000,
        everyMs: 100,
      });
      await eventually(async () => (await fetch(`${cluster.nodes[node]?.replace('ws', 'http')}/readyz`)).ok, {
        what: 'the node is ready again',
        withinMs: 30_000,
      });
    }
    clearInterval(typing);
    const expected = editors.flatMap((_, i) => Array.from({ length: written }, (__, n) => `<${i}:${n}>`));
    await eventually(() => editors.every(({ text }) => text.toString() === editors[0]?.text.toString()), {
      what: 'all have the same text',
      withinMs: 15_000,
    });
    const text = editors[0]?.text.toString() ?? '';
    expect(expected.filter((token) => text.split(token).length !== 2)).toEqual([]);
    expect(editors.some(({ losses }) => losses() > 0)).toBe(true);
    expect(longestAwayMs).toBeLessThan(5_000);
  });

  // Last: they were alone while the others were at work.
  it('WIRE4 a lone client stays connected, with and without presence, directly and through nginx', async () => {
    // The time is what is asked for; nothing happens that could be waited for.
    await pause(Math.max(0, aloneSince + ALONE_MS - performance.now()));
    expect(lone.map(({ losses }) => losses())).toEqual([0, 0, 0, 0]);
    expect(lone.every(({ provider }) => provider.wsconnected)).toBe(true);
  });
});
