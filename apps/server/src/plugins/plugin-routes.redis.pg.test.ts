import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import type { PluginContext } from './plugin.ts';
import { access, Probe, people, tokenOf } from './testing/probe.ts';

describe('HTTP routes of plugins', () => {
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
