import { RedisSharedCounters } from '@kryton/engine/counters/redis-shared-counters.ts';
import { encodeBarrier } from '@kryton/engine/protocol/frames.ts';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { NodeLimits } from '../app.ts';
import type { Authenticator } from '../auth/principal.ts';
import type { ApiRoutes } from '../http/api.ts';
import { rawClient } from '../testing/raw-client.ts';
import { rawHttp, requestOf, upgradeRequest } from '../testing/raw-http.ts';
import { freshDoc, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import type { TestNode } from '../testing/test-node.ts';

const MANY = 1_000_000;
const minute = (limits: Partial<NodeLimits['minute']>) => ({
  minute: { handshakes: MANY, requests: MANY, messages: MANY, failures: MANY, ...limits },
});

/** `Bearer alice` is alice; whoever shows nothing is a visitor. */
const byName: Authenticator = {
  identify: async ({ headers }) => {
    const name =
      headers['authorization'] === undefined ? 'visitor' : String(headers['authorization']).slice(7);
    if (name.startsWith('wrong')) return null;
    return { id: principalId(`user:${name}`), kind: 'user', name, credential: { kind: 'none' } };
  },
};

const routes: ApiRoutes[] = [(api) => void api.get('/api/hello', async () => ({}))];

describe('limits over real sockets', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster(
      { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') },
      [],
    );
  });
  afterAll(() => cluster.stop());

  const node = (limits: Partial<NodeLimits>, options: Parameters<TestCluster['start']>[0] = {}) =>
    cluster.start({ limits, routes, authenticator: byName, ...options });
  const hello = (headers: string[]) =>
    requestOf('GET /api/hello HTTP/1.1', [...headers, 'Connection: close']);
  const ask = async ({ port }: TestNode, headers: string[] = []) => await rawHttp(port, hello(headers));
  const upgrade = async ({ port }: TestNode, headers: string[] = [], docId: string = freshDoc()) =>
    await rawHttp(port, upgradeRequest(`/ws/yjs/${docId}`, headers), {
      enough: (text) => text.includes('\r\n\r\n'),
    });
  const statuses = async (times: number, one: () => Promise<{ status: number }>) => {
    const all: number[] = [];
    for (let i = 0; i < times; i++) all.push((await one()).status);
    return all;
  };

  it('answers 429 with Retry-After, to requests and before an upgrade, by address and by user', async () => {
    const limited = await node(minute({ requests: 2, handshakes: 3 }));
    expect(await statuses(3, () => ask(limited))).toEqual([200, 200, 429]);
    const refused = await ask(limited, ['Authorization: Bearer alice']);
    expect(refused.head).toMatch(/\r\nretry-after: \d+/i);
    expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'tooMany' } });
    expect(await statuses(4, () => upgrade(limited))).toEqual([101, 101, 101, 429]);
    expect((await upgrade(limited)).head).toMatch(/\r\nretry-after: \d+/i);
  });

  it('does not believe what an untrusted peer says about its address', async () => {
    const limited = await node(minute({ requests: 2, handshakes: 2 }), { trustProxy: ['192.0.2.0/24'] });
    let spoofed = 0;
    const header = () => [`X-Forwarded-For: 203.0.113.${++spoofed}`, `Forwarded: for=203.0.113.${spoofed}`];
    expect(await statuses(3, () => ask(limited, header()))).toEqual([200, 200, 429]);
    expect(await statuses(3, () => upgrade(limited, header()))).toEqual([101, 101, 429]);
  });

  it('counts the address that a trusted proxy names, and of that the last untrusted one', async () => {
    const limited = await node(minute({ requests: 1, handshakes: 1 }), { trustProxy: ['loopback'] });
    let somebody = 0;
    // Each user has a share of their own, so that only the address is limited here.
    const from = (forwarded: string) => [
      `X-Forwarded-For: ${forwarded}`,
      `Authorization: Bearer user${++somebody}`,
    ];
    expect((await ask(limited, from('203.0.113.1'))).status).toBe(200);
    expect((await ask(limited, from('203.0.113.2'))).status).toBe(200);
    expect((await ask(limited, from('198.51.100.7, 203.0.113.1'))).status).toBe(429);
    expect((await upgrade(limited, from('2001:db8:1:2::1'))).status).toBe(101);
    expect((await upgrade(limited, from('2001:db8:1:2:ffff::2'))).status).toBe(429);
    expect((await upgrade(limited, from('2001:db8:1:3::1'))).status).toBe(101);
  });

  it('limits a user on two nodes together', async () => {
    const counters = await RedisSharedCounters.connect({
      url: inject('redisUrl'),
      name: 'limits',
      onError: () => {},
    });
    try {
      const limits = minute({ requests: 40 });
      const [one, two] = [await node(limits, { counters }), await node(limits, { counters })];
      expect(new Set(await statuses(40, () => ask(one)))).toEqual(new Set([200]));
      const last = await eventually(async () => ((await ask(two)).status === 429 ? 429 : null), {
        what: 'the other node knows of it',
      });
      expect(last).toBe(429);
    } finally {
      await cluster.nodes.at(-1)?.stop();
      await counters.close();
    }
  });

  it('stops guessing of tokens at an address, and lets the others of it be', async () => {
    const limited = await node(minute({ failures: 5 }));
    let guess = 0;
    const wrong = () => ask(limited, [`Authorization: Bearer wrong${++guess}`]);
    expect(await statuses(7, wrong)).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await upgrade(limited, ['Sec-WebSocket-Protocol: kryton-token, right'])).status).toBe(429);
    expect((await ask(limited)).status).toBe(200);
  });

  it('closes with 4529 on all sockets of a user whose messages are too many, and not on others', async () => {
    const limited = await node(minute({ messages: 50 }), { trustProxy: ['loopback'] });
    const open = (user: string, address: string) =>
      rawClient(limited.port, freshDoc(), undefined, {
        authorization: `Bearer ${user}`,
        'x-forwarded-for': address,
      });
    const [busy, idle, other] = [
      await open('alice', '203.0.113.1'),
      await open('alice', '203.0.113.2'),
      await open('bob', '203.0.113.3'),
    ];
    for (let i = 0; i < 50; i++) busy.send(encodeBarrier(Uint8Array.of(i)));
    expect((await busy.closed).code).toBe(4529);
    expect((await idle.closed).code).toBe(4529);
    await expect(open('alice', '203.0.113.4')).rejects.toThrow('HTTP 429');
    other.barrier(1);
    await other.next('barrier');
    other.close();
  });

  it('caps the connections of a user and of a document', async () => {
    const capped = await node({ userConnections: 2, documentConnections: 3 });
    const doc = freshDoc();
    const open = (user: string) =>
      rawClient(capped.port, doc, undefined, { authorization: `Bearer ${user}` });
    const held = [await open('alice'), await open('alice')];
    await expect(open('alice')).rejects.toThrow('HTTP 429');
    held.push(await open('bob'));
    await expect(open('carol')).rejects.toThrow('HTTP 503');
    for (const client of held) client.close();
    await Promise.all(held.map((client) => client.closed));
    (await open('alice')).close();
  });
});
