import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pluginClient } from '../testing/plugin-client.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { access, Probe, people, person, tokenOf } from './testing/probe.ts';

describe('WebSockets of plugins', () => {
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
});
