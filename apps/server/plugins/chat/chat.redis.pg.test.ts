import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { KickBus } from '@kryton/server/access/kick-bus.ts';
import { SqlAccess } from '@kryton/server/access/sql-access.ts';
import type { Principal } from '@kryton/server/auth/principal.ts';
import type { Plugin } from '@kryton/server/plugins/plugin.ts';
import { AccountRows } from '@kryton/server/testing/account-rows.ts';
import { knownPeople } from '@kryton/server/testing/known-people.ts';
import { type PluginClient, pluginClient } from '@kryton/server/testing/plugin-client.ts';
import { recordedAudit } from '@kryton/server/testing/recorded-audit.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '@kryton/server/testing/test-cluster.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ChatMessage } from './chat-message.ts';
import chat from './index.ts';

type Heard =
  | { readonly type: 'history'; readonly messages: readonly ChatMessage[] }
  | { readonly type: 'message'; readonly message: ChatMessage }
  | { readonly type: 'refused'; readonly reason: string };

/** Its sockets are about no document. */
const lobby: Plugin = { id: 'lobby', setup: ({ socket }) => socket({ path: '/', open() {} }) };

describe('the chat beside a document', () => {
  let cluster: TestCluster;
  let rows: AccountRows;
  let kicks: KickBus;
  const buses: RedisMessageBus[] = [];
  const known = knownPeople();
  const people = new Map<string, Principal>();
  const open: PluginClient[] = [];

  const startNode = async () => {
    const bus = await RedisMessageBus.connect({ url: inject('redisUrl'), name: 'chat', onError: () => {} });
    buses.push(bus);
    kicks = new KickBus(bus, { warn: () => {} });
    const audit = recordedAudit();
    const { database } = cluster;
    const access = new SqlAccess({
      database,
      audit,
      timers: systemTimers,
      now: Date.now,
      createOnOpen: false,
    });
    const loaded = [
      { plugin: chat, file: 'chat' },
      { plugin: lobby, file: 'lobby' },
    ];
    const plugins = { loaded, bus };
    // Far more than a test takes: only a kick ends anything.
    return await cluster.start({ plugins, access, kicks, reviewEveryMs: 600_000, authenticator: known });
  };

  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    cluster = await startTestCluster(urls, []);
    rows = new AccountRows(cluster.database);
    for (const name of ['Alice', 'Bob', 'Eve']) people.set(name, await rows.user({ name }));
    await startNode();
    await startNode();
  });
  afterAll(async () => {
    for (const client of open) client.socket.terminate();
    await cluster.stop();
    for (const bus of buses) await bus.close();
  });

  const idOf = (name: string) => people.get(name)?.id ?? '';
  const tokenOf = (name: string) => {
    const principal = people.get(name);
    return principal ? known.tokenOf(principal) : 'none';
  };
  /** A document on which Alice is editor and Bob is viewer. */
  const shared = () => rows.document({ [idOf('Alice')]: 'editor', [idOf('Bob')]: 'viewer' });
  /** Enters the chat on the node at `index` and waits for its history. */
  const enter = async (name: string, docId: DocId, index: number) => {
    const client = await pluginClient(nodeAt(cluster, index).port, `/chat/${docId}`, tokenOf(name));
    open.push(client);
    const history = await client.hears<Heard>('the history', ({ type }) => type === 'history');
    return { ...client, history: history.type === 'history' ? history.messages : [] };
  };
  const hearsText = (client: PluginClient, text: string) =>
    client.hears<Heard>(`"${text}"`, (heard) => heard.type === 'message' && heard.message.text === text);
  const refusal = (client: PluginClient) =>
    client.hears<Heard>('a refusal', ({ type }) => type === 'refused');
  const messagesOf = async (name: string, docId: DocId, index: number) => {
    const url = `http://127.0.0.1:${nodeAt(cluster, index).port}/api/plugins/chat/${docId}/messages`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${tokenOf(name)}` } });
    const { messages }: { messages?: ChatMessage[] } = JSON.parse(await answer.text());
    return { status: answer.status, texts: messages?.map(({ text }) => text) };
  };

  it('carries what an editor says to everybody on every node, under the name of the account', async () => {
    const docId = await shared();
    const [alice, bob] = [await enter('Alice', docId, 0), await enter('Bob', docId, 1)];
    const elsewhere = await enter('Alice', await shared(), 1);
    alice.say(JSON.stringify({ text: 'hello', from: { id: idOf('Bob'), name: 'Bob' } }));
    const atBob = await hearsText(bob, 'hello');
    expect(atBob).toMatchObject({ message: { from: { id: idOf('Alice'), name: 'Alice' } } });
    // The one who said it hears it too: the sign that it went through.
    expect(await hearsText(alice, 'hello')).toEqual(atBob);
    expect(elsewhere.heard).toHaveLength(1);
    expect(await messagesOf('Bob', docId, 1)).toEqual({ status: 200, texts: ['hello'] });
  });

  it('ACC1 a viewer reads, is refused when writing, and is told so', async () => {
    const docId = await shared();
    const [alice, bob] = [await enter('Alice', docId, 0), await enter('Bob', docId, 1)];
    bob.say('{"text":"I may not"}');
    expect(await refusal(bob)).toMatchObject({ reason: 'you may read this chat, and not write' });
    alice.say('{"text":"I may"}');
    await hearsText(bob, 'I may');
    expect(await messagesOf('Alice', docId, 0)).toEqual({ status: 200, texts: ['I may'] });
  });

  it('ACC1 answers 404 to whoever has no access, and alike where there is no document', async () => {
    for (const docId of [await shared(), freshDoc()]) {
      const { port } = nodeAt(cluster, 0);
      await expect(pluginClient(port, `/chat/${docId}`, tokenOf('Eve'))).rejects.toThrow('HTTP 404');
      expect((await messagesOf('Eve', docId, 0)).status).toBe(404);
    }
  });

  it('ACC2 a role that is lowered counts from the next message on, and a grant that is removed ends the chat on every node', async () => {
    const docId = await shared();
    const alice = await enter('Alice', docId, 0);
    const bobs = [await enter('Bob', docId, 0), await enter('Bob', docId, 1)];
    await rows.grant(docId, idOf('Alice'), 'viewer');
    await rows.removeGrant(docId, idOf('Bob'));
    const startedMs = performance.now();
    await kicks.send({ kind: 'document', docId });
    for (const bob of bobs) expect((await bob.closed).code).toBe(4403);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await eventually(
      () => {
        alice.say('{"text":"I may no longer"}');
        return alice.heard.some((heard) =>
          JSON.stringify(heard).includes('you may read this chat, and not write'),
        );
      },
      { what: 'Alice is refused' },
    );
    expect(alice.socket.readyState).toBe(alice.socket.OPEN);
  });

  it('ACC2 the end of a session ends also the sockets that are about no document', async () => {
    const carol = await rows.user({ name: 'Carol' });
    const client = await pluginClient(nodeAt(cluster, 0).port, '/lobby', known.tokenOf(carol));
    await sql`DELETE FROM session WHERE id = ${carol.sessionId}`.execute(cluster.database);
    await kicks.send({ kind: 'session', sessionId: carol.sessionId });
    expect((await client.closed).code).toBe(4401);
  });

  it('shows a newcomer what was said, also on a node that was not there', async () => {
    const docId = await shared();
    const alice = await enter('Alice', docId, 0);
    for (const text of ['one', 'two', 'three']) alice.say(JSON.stringify({ text }));
    await hearsText(alice, 'three');
    // Node 1 hears of it over Redis, as node 0 does, but perhaps a moment later.
    const history = async () => (await enter('Bob', docId, 1)).history.map(({ text }) => text);
    await eventually(async () => (await history()).includes('three'), { what: 'node 1 knows of it' });
    expect(await history()).toEqual(['one', 'two', 'three']);
    await startNode();
    const late = await enter('Bob', docId, 2);
    expect(late.history.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(await messagesOf('Alice', docId, 2)).toEqual({ status: 200, texts: ['one', 'two', 'three'] });
  });

  it('bounds what is said, and how fast', async () => {
    const docId = await shared();
    const alice = await enter('Alice', docId, 0);
    for (const text of ['x'.repeat(1_001), '   ', 7]) alice.say(JSON.stringify({ text }));
    await eventually(() => alice.heard.length === 4, { what: 'three refusals' });
    for (let n = 1; n <= 21; n++) alice.say(JSON.stringify({ text: `number ${n}` }));
    await hearsText(alice, 'number 20');
    await alice.hears<Heard>(
      'that it was too fast',
      (heard) => heard.type === 'refused' && heard.reason.startsWith('not more than'),
    );
    expect((await messagesOf('Alice', docId, 0)).texts).toHaveLength(20);
    alice.say(JSON.stringify({ text: 'x'.repeat(8 * 1024) }));
    expect((await alice.closed).code).toBe(4413);
    const again = await enter('Alice', docId, 0);
    again.say('no JSON');
    expect((await again.closed).code).toBe(4400);
  });

  it('DRAIN1 a node that leaves sends its chats to another one', async () => {
    const docId = await shared();
    const [alice, bob] = [await enter('Alice', docId, 0), await enter('Bob', docId, 1)];
    alice.say('{"text":"before"}');
    await hearsText(bob, 'before');
    await nodeAt(cluster, 1).node.drain();
    expect((await bob.closed).code).toBe(1012);
    expect((await enter('Bob', docId, 0)).history.map(({ text }) => text)).toEqual(['before']);
  });
});
