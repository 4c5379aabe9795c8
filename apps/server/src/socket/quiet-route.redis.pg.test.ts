import { EventEmitter } from 'node:events';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { WebSocket } from 'ws';
import { rawClient } from '../testing/raw-client.ts';
import { rawHttp, requestOf, upgradeRequest } from '../testing/raw-http.ts';
import { nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { visitors } from '../testing/visitors.ts';
import { Connections } from './connections.ts';
import { QuietConnection } from './quiet-route.ts';

const WAYS = ['/ws/yjs/~quiet', '/ws/plugins/~quiet'];

describe('quiet WebSockets', () => {
  let cluster: TestCluster;
  let isKnown = true;
  beforeAll(async () => {
    const authenticator = {
      identify: async (request: Parameters<typeof visitors.identify>[0]) =>
        isKnown ? await visitors.identify(request) : null,
    };
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    cluster = await startTestCluster(urls, [{ authenticator }]);
  });
  afterAll(() => cluster.stop());

  const port = () => nodeAt(cluster, 0).port;
  const statusOf = async (path: string) =>
    (await rawHttp(port(), upgradeRequest(path), { enough: (soFar) => /\r\n\r\n/.test(soFar) })).status;

  it('ACC5 are behind what every upgrade is asked', async () => {
    isKnown = false;
    for (const way of WAYS) expect(await statusOf(way)).toBe(401);
    isKnown = true;
    for (const way of WAYS) {
      expect(await statusOf(way)).toBe(101);
      const plain = requestOf(`GET ${way} HTTP/1.1`);
      expect((await rawHttp(port(), plain, { enough: (soFar) => soFar.includes('\r\n\r\n') })).status).toBe(
        426,
      );
    }
  });

  it('end for whoever speaks on one', async () => {
    const client = await rawClient(port(), '~quiet');
    client.socket.send('hello');
    expect((await client.closed).code).toBe(4400);
  });

  it('are few at once, and a place is free again when one has ended', async () => {
    const open = await Promise.all(Array.from({ length: 8 }, () => rawClient(port(), '~quiet')));
    expect(await statusOf(WAYS[1] ?? '')).toBe(503);
    open[0]?.close();
    await eventually(async () => (await statusOf(WAYS[0] ?? '')) === 101, { what: 'there is a place again' });
    for (const client of open) client.close();
  });
});

describe('QuietConnection', () => {
  it('hears nothing from its node for as long as it lasts, and is not ended for its own silence', () => {
    const told: string[] = [];
    const socket = Object.assign(new EventEmitter(), {
      send: () => told.push('send'),
      ping: () => told.push('ping'),
      terminate: () => told.push('terminate'),
      close: (code: number) => told.push(`close ${code}`),
    });
    const connections = new Connections();
    const credential = { kind: 'session', sessionId: 's', userId: '1' } as const;
    const principal = { id: principalId('user:1'), kind: 'user', name: 'Operator', credential } as const;
    const quiet = new QuietConnection(socket as unknown as WebSocket, principal, {
      tick: () => connections.now,
      onClose: () => {},
    });
    connections.add(quiet, { principal: 'user:1', network: '', docId: null });
    for (let second = 0; second < 3_600; second += 1) connections.tick();
    expect(told).toEqual([]);
    quiet.close('draining');
    quiet.close('draining');
    expect(told).toEqual(['close 1012']);
  });
});
