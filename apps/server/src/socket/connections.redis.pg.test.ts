import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rawClient } from '../testing/raw-client.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

describe('connections', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    cluster = await startTestCluster(urls, [{ limits: { connections: 2, messageBytes: 1_000 } }]);
  });
  afterAll(() => cluster.stop());

  it('refuses with 503 what is above the cap, and takes another when one has left', async () => {
    const { port, metric } = nodeAt(cluster, 0);
    const [one, two] = [await rawClient(port, freshDoc()), await rawClient(port, freshDoc())];
    await expect(rawClient(port, freshDoc())).rejects.toThrow('HTTP 503');
    expect(await metric('kryton_upgrades_total', 'refused')).toBe(1);
    expect(await metric('kryton_connections')).toBe(2);
    one.close();
    await one.closed;
    const three = await rawClient(port, freshDoc());
    three.close();
    two.close();
    await Promise.all([two.closed, three.closed]);
  });

  it('closes with 4413 on a message above the limit', async () => {
    const client = await rawClient(nodeAt(cluster, 0).port, freshDoc());
    client.send(new Uint8Array(1_001));
    expect((await client.closed).code).toBe(4413);
  });

  it('closes with 4400 on a text message', async () => {
    const client = await rawClient(nodeAt(cluster, 0).port, freshDoc());
    client.socket.send('hello');
    expect((await client.closed).code).toBe(4400);
  });

  it('answers HTTP errors from the closed table', async () => {
    const answer = await fetch(`http://127.0.0.1:${nodeAt(cluster, 0).port}/nowhere`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: { code: 'notFound', message: 'there is nothing here' } });
  });
});
