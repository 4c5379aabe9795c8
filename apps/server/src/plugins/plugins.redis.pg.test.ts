import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Access } from '../access/access.ts';
import { openAccess } from '../access/open-access.ts';
import type { Principal } from '../auth/principal.ts';
import { knownPeople } from '../testing/known-people.ts';
import { pluginClient } from '../testing/plugin-client.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import type { Plugin, PluginContext, PluginMessage, PluginRequest } from './plugin.ts';

const person = (name: string): Principal => ({
  id: principalId(`user:${name}`),
  kind: 'user',
  name,
  credential: { kind: 'session', sessionId: `s-${name}`, userId: name },
});
const people = knownPeople();
const tokens = new Map(['editor', 'viewer', 'stranger'].map((name) => [name, people.tokenOf(person(name))]));
/** Of somebody who is called after their role; a token that is none for anybody else. */
const tokenOf = (name: string) => tokens.get(name) ?? 'none';

/** The role that somebody is called after. */
const access: Access = {
  ...openAccess,
  roleOn: async ({ name }) => (name === 'editor' || name === 'viewer' ? name : null),
};

/** Does everything that a plugin may do wrong, and hands out what it was given. */
class Probe implements Plugin {
  readonly id = 'probe';
  readonly requests: PluginRequest[] = [];
  readonly events: string[] = [];
  readonly heard: PluginMessage[] = [];
  readonly sent: boolean[] = [];
  context: PluginContext | null = null;

  async setup(context: PluginContext): Promise<void> {
    this.context = context;
    await context.subscribe('news', (message) => void this.heard.push(message));
    context.http({
      method: 'POST',
      path: '/echo/:part',
      bodyLimit: 1_000,
      handle: async (request) => {
        this.requests.push(request);
        return { status: 201, headers: { 'x-probe': 'yes' }, body: { role: await this.#roleOf(request) } };
      },
    });
    context.http({
      method: 'GET',
      path: '/:docId',
      document: 'editor',
      handle: ({ document }) => ({ body: document?.role ?? '' }),
    });
    context.http({
      method: 'GET',
      path: '/fails/throws',
      handle: () => {
        throw new Error('a fault');
      },
    });
    context.http({
      method: 'GET',
      path: '/fails/rejects',
      handle: async () => {
        throw new Error('a fault');
      },
    });
    context.http({
      method: 'GET',
      path: '/fails/bad-answer',
      handle: () => ({ headers: { 'x-bad': 'a\nb' } }),
    });
    context.http({ method: 'GET', path: '/fails/refuses', handle: () => ({ error: 'conflict' }) });
    context.http({ method: 'GET', path: '/bytes', handle: () => ({ body: Uint8Array.of(1, 2) }) });
    context.socket({
      path: '/socket',
      maxMessageBytes: 100,
      open: (socket) => void socket.send(JSON.stringify({ hello: socket.principal.name })),
      message: async (socket, data) => {
        if (data === 'throw') throw new Error('a fault');
        if (data === 'flood') {
          const half = new Uint8Array(512 * 1024);
          for (let i = 0; i < 64; i++) this.sent.push(socket.send(half));
        }
        if (data === 'large') socket.send('x'.repeat(2 ** 20 + 1));
        socket.send(data);
      },
      close: (socket) => void this.events.push(`closed ${socket.principal.name}`),
    });
    context.socket({
      path: '/document/:docId',
      document: 'viewer',
      open: (socket) => void socket.send(JSON.stringify({ mayWrite: socket.may('editor') })),
    });
    context.onClose(() => void this.events.push('plugin closed'));
  }

  #roleOf({ principal, params }: PluginRequest) {
    return this.context?.roleOn(principal, params['part'] ?? '');
  }
}

describe('plugins on a node', () => {
  let cluster: TestCluster;
  let bus: RedisMessageBus;
  let port: number;
  const probe = new Probe();
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    bus = await RedisMessageBus.connect({ url: urls.redisUrl, name: 'test', onError: () => {} });
    const plugins = { loaded: [{ plugin: probe, file: 'probe.ts' }], bus };
    cluster = await startTestCluster(urls, [
      { plugins, access, authenticator: people, limits: { outboxBytes: 64 * 1024 } },
    ]);
    port = nodeAt(cluster, 0).port;
  });
  afterAll(async () => {
    await cluster.stop();
    await bus.close();
  });

  const call = (path: string, name = 'editor', init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}/api/plugins/probe${path}`, {
      ...init,
      headers: { authorization: `Bearer ${tokenOf(name)}`, ...init.headers },
    });

  it('ACC1 hands a request over with who sent it, and without the credential', async () => {
    const answer = await call('/echo/some-doc?a=1&a=2', 'viewer', {
      method: 'POST',
      body: '{"x":1}',
      headers: { 'content-type': 'application/json', cookie: 'session=secret' },
    });
    expect([answer.status, answer.headers.get('x-probe')]).toEqual([201, 'yes']);
    expect(await answer.json()).toEqual({ role: 'viewer' });
    const [request] = probe.requests;
    expect(request).toMatchObject({
      params: { part: 'some-doc' },
      query: { a: ['1', '2'] },
      body: { x: 1 },
      principal: { id: 'user:viewer', kind: 'user', name: 'viewer' },
      document: null,
    });
    expect(JSON.stringify(request)).not.toMatch(/secret|Bearer|s-viewer/);
  });

  it('takes bytes, and answers with them', async () => {
    const octets = { 'content-type': 'application/octet-stream' };
    const sent = { method: 'POST', body: Uint8Array.of(7, 8), headers: octets };
    expect((await call('/echo/doc', 'editor', sent)).status).toBe(201);
    expect(probe.requests.at(-1)?.body).toEqual(Buffer.of(7, 8));
    const answer = await call('/bytes');
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(Uint8Array.of(1, 2));
  });

  it.each([
    ['nobody', `/${freshDoc()}`, '', 401],
    ['somebody without a grant', `/${freshDoc()}`, 'stranger', 404],
    ['a grant that is too low', `/${freshDoc()}`, 'viewer', 403],
    ['a bad document id', '/a%20b', 'editor', 400],
    ['a path that is none', '/x/y/z', 'editor', 404],
    ['an error of the plugin’s own', '/fails/refuses', 'editor', 409],
    ['whoever may', `/${freshDoc()}`, 'editor', 200],
  ])('ACC1 answers %s with the status of the API', async (_what, path, token, status) => {
    expect((await call(path, token)).status).toBe(status);
  });

  it.each(['throws', 'rejects', 'bad-answer'])(
    'a handler that fails (%s) ends its request and nothing else',
    async (way) => {
      const faults = () => nodeAt(cluster, 0).metric('kryton_plugin_faults_total', 'handled');
      const before = await faults();
      const answer = await call(`/fails/${way}`);
      expect(answer.status).toBe(500);
      expect(await answer.json()).toMatchObject({ error: { code: 'internal' } });
      expect(await faults()).toBe(before + 1);
      expect((await call('/bytes')).status).toBe(200);
    },
  );

  it('bounds the body of a request', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify('x'.repeat(1_000));
    expect((await call('/echo/doc', 'editor', { method: 'POST', body, headers })).status).toBe(413);
  });

  it('ACC1 asks an upgrade what every other is asked', async () => {
    await expect(pluginClient(port, '/probe/socket', tokenOf('nobody'))).rejects.toThrow('HTTP 401');
    await expect(pluginClient(port, `/probe/document/${freshDoc()}`, tokenOf('stranger'))).rejects.toThrow(
      'HTTP 404',
    );
    await expect(pluginClient(port, '/probe/document/a%20b', tokenOf('editor'))).rejects.toThrow('HTTP 400');
    await expect(pluginClient(port, '/none/socket', tokenOf('editor'))).rejects.toThrow('HTTP 404');
    const client = await pluginClient(port, `/probe/document/${freshDoc()}`, tokenOf('viewer'));
    expect(client.socket.protocol).toBe('kryton-token');
    await client.hears('its role', (message) => JSON.stringify(message) === '{"mayWrite":false}');
    client.close();
    await client.closed;
  });

  it('a socket whose message makes the plugin throw is closed with 1013, the others stay', async () => {
    const [one, other] = [
      await pluginClient(port, '/probe/socket', tokenOf('editor')),
      await pluginClient(port, '/probe/socket', tokenOf('viewer')),
    ];
    one.say('throw');
    expect((await one.closed).code).toBe(1013);
    other.say('"still here"');
    await other.hears('its echo', (message) => message === 'still here');
    other.say('large');
    expect((await other.closed).code).toBe(1013);
    expect(probe.events).toEqual(['closed editor', 'closed viewer']);
  });

  it('a message above the limit of its route closes with 4413', async () => {
    const client = await pluginClient(port, '/probe/socket', tokenOf('editor'));
    client.say(new Uint8Array(101));
    expect((await client.closed).code).toBe(4413);
    const text = await pluginClient(port, '/probe/socket', tokenOf('editor'));
    text.say('ü'.repeat(51));
    expect((await text.closed).code).toBe(4413);
  });

  it('keeps binary and text apart, and the order', async () => {
    const client = await pluginClient(port, '/probe/socket', tokenOf('editor'));
    client.say('1');
    client.say(Uint8Array.of(2));
    client.say('3');
    await eventually(() => client.heard.length === 4, { what: 'all echoes are there' });
    expect(client.heard).toEqual([{ hello: 'editor' }, 1, Buffer.of(2), 3]);
    client.close();
    await client.closed;
  });

  it('does not queue without bound for a reader that does not read, and says so to the plugin', async () => {
    const slow = await pluginClient(port, '/probe/socket', tokenOf('editor'));
    slow.socket.pause();
    slow.say('flood');
    await eventually(() => probe.sent.length === 64, { what: 'the plugin has sent 32 MB' });
    expect(probe.sent[0]).toBe(true);
    expect(probe.sent.at(-1)).toBe(false);
    expect(await nodeAt(cluster, 0).metric('kryton_outbox_bytes')).toBeLessThan(600 * 1024);
    slow.socket.terminate();
    await slow.closed;
  });

  it('publishes and hears within its own channels', async () => {
    const { context } = probe;
    await context?.publish('news', { n: 1 });
    await context?.publish('news', Uint8Array.of(9));
    await context?.publish('other', 'not asked for');
    await bus.publish('news', Uint8Array.of(0, 55));
    await eventually(() => probe.heard.length >= 2, { what: 'both messages came' });
    expect(probe.heard).toEqual([{ n: 1 }, Uint8Array.of(9)]);
    await expect(context?.publish('no spaces', 1)).rejects.toThrow(TypeError);
    await expect(context?.publish('news', 'x'.repeat(300_000))).rejects.toThrow(RangeError);
    await expect(context?.roleOn({ ...person('editor') }, freshDoc())).rejects.toThrow(TypeError);
    expect(() => context?.socket({ path: '/late', open() {} })).toThrow('declared in setup');
  });

  it('DRAIN1 a node that leaves closes the sockets of plugins with 1012, then the plugins', async () => {
    const leaving = new Probe();
    const node = await cluster.start({
      plugins: { loaded: [{ plugin: leaving, file: 'probe.ts' }], bus },
      access,
      authenticator: people,
    });
    const client = await pluginClient(node.port, '/probe/socket', tokenOf('editor'));
    const draining = node.node.drain();
    await expect(pluginClient(node.port, '/probe/socket', tokenOf('editor'))).rejects.toThrow('HTTP 503');
    await draining;
    expect((await client.closed).code).toBe(1012);
    await node.node.stop();
    expect(leaving.events).toEqual(['closed editor', 'plugin closed']);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no licence')), /bad\.ts: the plugin "bad" .*: no licence/],
    [
      'declares a bad route',
      (context: PluginContext) => context.http({ method: 'GET', path: 'x', handle: () => ({}) }),
      /bad\.ts: .*the path "x"/,
    ],
    [
      'asks for a role on nothing',
      (context: PluginContext) => context.socket({ path: '/x', document: 'viewer', open() {} }),
      /bad\.ts: .*needs :docId/,
    ],
  ])('a setup that %s stops the start, and says which', async (_what, setup, message) => {
    const loaded = [{ plugin: { id: 'bad', setup }, file: '/plugins/bad.ts' }];
    const starting = cluster.start({ plugins: { loaded, bus } });
    await expect(starting).rejects.toThrow(StartupError);
    await expect(starting).rejects.toThrow(message);
  });
});
