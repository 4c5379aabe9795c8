import { setTimeout as pace } from 'node:timers/promises';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { seededRandom, seedFor } from '@kryton/engine/testing/seeded-random.ts';
import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';
import { type FaultProxy, startFaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import { type StockClient, stockClient } from '@kryton/server/testing/stock-client.ts';
import { baseOf } from '@kryton/server/testing/test-cluster.ts';
import type { TestNode } from '@kryton/server/testing/test-node.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisPersistence } from 'y-redis';
import * as Y from 'yjs';
import { Replicas } from './testing/replicas.ts';
import { startTwoSides, type TwoSides } from './testing/two-sides.ts';

const random = seededRandom(seedFor('following y-redis'));
const FOLLOWING = 'in step; following';

describe('import:y-redis --follow', () => {
  let sides: TwoSides;
  let servers: RedisPersistence[];
  let nodes: TestNode[];
  let proxies: { old: FaultProxy; ours: FaultProxy };
  let running: RunningProcess | undefined;
  const clients: StockClient[] = [];

  beforeAll(async () => {
    sides = await startTwoSides();
    servers = [sides.yRedis(), sides.yRedis()];
    nodes = [await sides.node(), await sides.node()];
    const [old, ours] = [sides.old.service.port, sides.ours.service.port];
    proxies = { old: await startFaultProxy(old), ours: await startFaultProxy(ours) };
  });
  afterEach(async () => {
    await running?.stop({ signal: 'SIGKILL' });
    for (const proxy of [proxies.old, proxies.ours]) proxy.mend();
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await sides.stop();
    await Promise.all([proxies.old.close(), proxies.ours.close()]);
  });

  const idOf = (name: string): DocId => parseDocId(name) ?? expect.fail(`${name} is a document id`);
  const start = async (args: readonly string[]) => {
    const ways = { old: proxies.old.port, ours: proxies.ours.port };
    running = await sides.start(['--follow', ...args], FOLLOWING, ways);
    return running;
  };
  const onTheirs = async (server: RedisPersistence, name: string): Promise<Y.Doc> => {
    const doc = new Y.Doc();
    await server.bindState(name, doc).synced;
    return doc;
  };
  const onOurs = async (node: TestNode, docId: string): Promise<Y.Doc> => {
    const client = stockClient(baseOf(node), docId);
    clients.push(client);
    await client.synced();
    return client.doc;
  };
  /** Two servers of y-redis and clients of two nodes. */
  const replicasOf = async (name: string, docId = name): Promise<Replicas> =>
    new Replicas(
      [
        ...(await Promise.all(servers.map((server) => onTheirs(server, name)))),
        ...(await Promise.all(nodes.map((node) => onOurs(node, docId)))),
      ],
      random,
    );
  const converged = (replicas: Replicas, what: string, withinMs = 20_000) =>
    eventually(() => replicas.expectConverged(), { what, withinMs });
  const leave = async (): Promise<string> => {
    expect(await running?.stop({ deadlineMs: 30_000 })).toEqual({ code: 0, signal: null });
    return running?.output() ?? '';
  };

  it('converges under edits on both sides, loses nothing when stopped, and goes on from there', async () => {
    const names = ['storm-0', 'storm-1', 'storm-2', 'storm-3'];
    const all = await Promise.all(names.map((name) => replicasOf(name)));
    const edits = async (count: number, afterEach: () => Promise<unknown>) => {
      for (let i = 0; i < count; i++) {
        random.pick(all).edit();
        if (random.chance(0.3)) await afterEach();
      }
    };
    const turn = () => sides.old.redis.ping();
    await edits(60, turn);
    await start(['--prefix', 'storm-']);
    await edits(200, turn);
    for (const replicas of all) await converged(replicas, 'both sides hold every token once');

    // Stopped and killed in the middle of editing, and edited further while it is away.
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
      const ended = running?.stop({ signal, deadlineMs: 30_000 });
      let isGone = false;
      void ended?.then(() => {
        isGone = true;
      });
      while (!isGone) await edits(1, () => pace(2));
      expect(await ended).toEqual(
        signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' },
      );
      if (signal === 'SIGTERM') expect(running?.output()).toMatch(/4 documents followed, \d in step/);
      await edits(60, turn);
      await start(['--prefix', 'storm-']);
      for (const replicas of all) await converged(replicas, 'both sides again hold every token once');
    }
    expect(await leave()).toContain('4 documents followed, 4 in step');

    // Nothing went round in circles: no more list elements and log entries than edits and runs.
    for (const [index, name] of names.entries()) {
      const most = (all[index]?.tokens.length ?? 0) + 4;
      expect(await sides.old.redis.llen(`${name}:updates`)).toBeLessThanOrEqual(most);
      expect(await sides.appended(idOf(name))).toBeLessThanOrEqual(most);
    }
    await start(['--prefix', 'storm-']);
    expect(await leave()).toContain('; 0 updates were new here, 0 sent there;');
  });

  it('takes up new documents of either side, under the names that were asked for', async () => {
    await start(['--prefix', 'new/', '--rename', 'base64url', '--map', 'new/mapped=new-home']);
    const theirs = await replicasOf('new/theirs', `b64-${Buffer.from('new/theirs').toString('base64url')}`);
    theirs.edit(0);
    await converged(theirs, 'a new document of theirs is here');
    const ours = await replicasOf('new/ours', `b64-${Buffer.from('new/ours').toString('base64url')}`);
    ours.edit(2);
    await converged(ours, 'a new document of ours is there');
    const mapped = await replicasOf('new/mapped', 'new-home');
    mapped.edit(3);
    await converged(mapped, 'the mapped document is there');
    expect(await leave()).toContain('3 documents followed, 3 in step');
  });

  it('LOG4 heals what y-redis did not publish within 5 s, for its own peers too', async () => {
    const replicas = await replicasOf('unpublished');
    replicas.edit(0);
    await start(['--doc', 'unpublished']);
    await converged(replicas, 'the beginning');
    const [server] = servers;
    const redis = server?.redis ?? expect.fail('there is a server');
    const { publish } = redis;
    redis.publish = async () => 0;
    try {
      replicas.edit(0);
      await converged(replicas, 'the unpublished edit is everywhere', 5_000);
    } finally {
      redis.publish = publish;
    }
    await leave();
  });

  it('LOG4 heals subscriptions that were cut on both sides', async () => {
    const replicas = await replicasOf('cut');
    await start(['--doc', 'cut']);
    for (const { redis } of [sides.old, sides.ours]) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (let i = 0; i < 20; i++) replicas.edit();
    await converged(replicas, 'every edit is everywhere');
    await leave();
  });

  it('LOG6 waits for either Redis and carries over what happened meanwhile', async () => {
    const replicas = await replicasOf('away');
    await start(['--doc', 'away']);
    for (const [proxy, trouble] of [
      [proxies.old, /list of y-redis failed and is tried again/],
      [proxies.ours, /log failed and is tried again/],
    ] as const) {
      proxy.cut();
      for (let i = 0; i < 20; i++) replicas.edit();
      const saysSo = () => trouble.test(running?.output() ?? '');
      await eventually(saysSo, { what: 'it says so', withinMs: 15_000 });
      proxy.mend();
      await converged(replicas, 'every edit is everywhere');
    }
    await leave();
  });

  it('says what is not in step when it is stopped while a Redis is away; the next run carries it over', async () => {
    const replicas = await replicasOf('stopped');
    await start(['--doc', 'stopped']);
    replicas.edit(0);
    await converged(replicas, 'the beginning');
    proxies.old.cut();
    replicas.edit(2);
    expect(await leave()).toContain('not everything could be carried over');
    proxies.old.mend();
    await start(['--doc', 'stopped']);
    await converged(replicas, 'the edit made while it was away');
    await leave();
  });

  it('does not carry an update that waits for a missing one back and forth', async () => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const character of 'abc') doc.getText('content').insert(0, character);
    const [first, , third] = updates.map((update) => Buffer.from(update));
    await sides.old.redis.rpush('gap:updates', first ?? '', third ?? '');
    await start(['--doc', 'gap']);
    expect(await leave()).toContain('1 documents followed, 1 in step; 2 updates');
    await start(['--doc', 'gap']);
    expect(await leave()).toContain('; 0 updates were new here, 0 sent there;');
    expect(await sides.old.redis.llen('gap:updates')).toBe(2);
    expect(await sides.appended(idOf('gap'))).toBe(1);
  });

  it('LOG3 brings back what our log lost, and what their list lost', async () => {
    const replicas = await replicasOf('lost');
    for (let i = 0; i < 10; i++) replicas.edit();
    await start(['--doc', 'lost']);
    await converged(replicas, 'the beginning');
    for (const client of clients.splice(0)) client.close();
    for (const node of nodes) {
      const isAlone = async () => (await node.metric('kryton_connections')) === 0;
      await eventually(isAlone, { what: 'nobody is connected who could bring anything back' });
    }
    await sides.ours.redis.flushall();
    const isBack = async () => (await sides.appended(idOf('lost'))) > 0;
    await eventually(isBack, { what: 'our log is back', withinMs: 10_000 });
    await sides.old.redis.del('lost:updates');
    const isThere = async () => (await sides.old.redis.llen('lost:updates')) > 0;
    await eventually(isThere, { what: 'their list is back', withinMs: 10_000 });
    const again = new Replicas(
      [await onOurs(await sides.node(), 'lost'), await onTheirs(sides.yRedis(), 'lost')],
      random,
    );
    again.tokens.push(...replicas.tokens);
    await converged(again, 'every token is on both sides');
    expect(await leave()).toContain('1 documents followed, 1 in step');
  });
});
