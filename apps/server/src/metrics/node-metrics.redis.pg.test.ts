import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rawClient } from '../testing/raw-client.ts';
import { converged, stockClient } from '../testing/stock-client.ts';
import { baseOf, freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

describe('what a node counts', () => {
  let cluster: TestCluster;
  let metric: (name: string, label?: string) => Promise<number>;
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    const minute = { handshakes: 1_000, requests: 3, messages: 100_000, failures: 10 };
    cluster = await startTestCluster(urls, [{ limits: { connections: 3, messageBytes: 10_000, minute } }]);
    metric = nodeAt(cluster, 0).metric;
  });
  afterAll(() => cluster.stop());

  it('edits and their bytes, in and out, until durable and until on the sockets', async () => {
    const docId = freshDoc();
    const clients = [0, 1, 2].map(() => stockClient(baseOf(nodeAt(cluster, 0)), docId));
    await Promise.all(clients.map((client) => client.synced()));
    clients[0]?.text.insert(0, 'x'.repeat(1_000));
    expect(await converged(clients)).toHaveLength(1_000);
    expect(await metric('kryton_updates_in_total')).toBe(1);
    expect(await metric('kryton_updates_out_total')).toBe(3);
    expect(await metric('kryton_update_bytes_in_total')).toBeGreaterThan(1_000);
    expect(await metric('kryton_update_bytes_out_total')).toBeGreaterThan(3_000);
    for (const histogram of [
      'kryton_append_seconds',
      'kryton_gather_window_seconds',
      'kryton_fanout_seconds',
    ]) {
      expect(await nodeAt(cluster, 0).node.metrics.registry.getSingleMetricAsString(histogram)).toMatch(
        new RegExp(`^${histogram}_count(\\{.*\\})? 1$`, 'm'),
      );
    }
    expect(await metric('kryton_append_failures_total')).toBe(0);
    for (const client of clients) client.close();
    await eventually(async () => (await metric('kryton_connections')) === 0, { what: 'all have left' });
  });

  it('why upgrades were refused and connections ended', async () => {
    const { port } = nodeAt(cluster, 0);
    await expect(rawClient(port, 'no.document')).rejects.toThrow('HTTP 400');
    expect(await metric('kryton_upgrade_refusals_total', 'badDocId')).toBe(1);
    const clients = await Promise.all([1, 2, 3].map(() => rawClient(port, freshDoc())));
    await expect(rawClient(port, freshDoc())).rejects.toThrow('HTTP 503');
    expect(await metric('kryton_upgrade_refusals_total', 'full')).toBe(1);
    expect(await metric('kryton_connections_limit')).toBe(3);
    clients[0]?.send(new Uint8Array(10_001));
    clients[1]?.socket.send('text');
    await Promise.all(clients.slice(0, 2).map(({ closed }) => closed));
    expect(await metric('kryton_closes_total', 'tooLarge')).toBe(1);
    expect(await metric('kryton_closes_total', 'malformed')).toBe(1);
    clients[2]?.close();
    await clients[2]?.closed;
    expect(await metric('kryton_closes_total')).toBe(2);
  });

  it('HTTP requests by the class of their status, without health checks', async () => {
    const base = `http://127.0.0.1:${nodeAt(cluster, 0).port}`;
    const count = (status: string) =>
      nodeAt(cluster, 0)
        .node.metrics.registry.getSingleMetricAsString('kryton_http_request_seconds')
        .then((text) => Number(new RegExp(`_count\\{.*class="${status}".*\\} (\\d+)`).exec(text)?.[1]));
    const before = { ok: await count('2xx'), refused: await count('4xx') };
    for (const path of ['/livez', '/readyz', '/healthz']) expect((await fetch(base + path)).status).toBe(200);
    expect((await fetch(`${base}/nowhere`)).status).toBe(404);
    await eventually(async () => (await count('4xx')) === before.refused + 1, { what: 'it was counted' });
    expect(await count('2xx')).toBe(before.ok);
  });

  it('that it hears itself and is ready', async () => {
    await eventually(
      async () =>
        /_count(\{.*\})? [1-9]/.test(
          await nodeAt(cluster, 0).node.metrics.registry.getSingleMetricAsString('kryton_canary_seconds'),
        ),
      { what: 'a heartbeat was heard' },
    );
    expect(await metric('kryton_canary_age_seconds')).toBeLessThan(5);
    expect(await metric('kryton_ready')).toBe(1);
    expect(await metric('kryton_draining')).toBe(0);
  });
});
