import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import type { Authenticator } from '../auth/principal.ts';
import type { ApiRoutes } from '../http/api.ts';
import { rawHttp, requestOf, upgradeRequest } from '../testing/raw-http.ts';
import { freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { visitors } from '../testing/visitors.ts';
import { loggerOptions } from './logger-options.ts';

const AGENT = 'kryton_agentSecretagentSecretagentSecretagentSecret';
const LINK = 'kryton_link_abcdefgh_linkSecretlinkSecretlinkSecret';
const JWT = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJqd3RTZWNyZXQifQ.c2lnbmF0dXJlU2VjcmV0';
const SESSION = 'sessionSecretsessionSecret.macSecretmacSecret%3D';
const COOKIE = `Cookie: better-auth.session_token=${SESSION}; other=otherSecret`;
const SECRETS = [
  'agentSecret',
  'linkSecret',
  JWT.split('.')[1] ?? '',
  'c2lnbmF0dXJlU2VjcmV0',
  'sessionSecret',
  'macSecret',
  'otherSecret',
  'passwordSecret',
  'querySecret',
];

/** Whoever fails says too much, as libraries do. */
const talkative: Authenticator = {
  identify: async (request) => {
    const { url, headers } = request;
    if (headers['x-fail'] === undefined) return await visitors.identify(request);
    throw new Error(`cannot verify ${url} with ${JSON.stringify(headers)}`, { cause: { headers } });
  },
};

const routes: ApiRoutes[] = [
  (api) => {
    api.post('/api/broken', { schema: { body: z.object({ password: z.string() }) } }, async (request) => {
      const { headers, url, body, raw } = request;
      request.log.info(
        { headers, url, body, req: request, raw, nested: { token: body.password } },
        'a request',
      );
      request.log.child({ cookie: headers.cookie }).debug(`a child of ${url}`);
      request.log.error(new Error(`no such user: ${headers.authorization}`));
      throw Object.assign(new Error(`insert failed at ${url}`), { detail: `Key (token)=(${body.password})` });
    });
  },
];

describe('the log at its most talkative', () => {
  let cluster: TestCluster;
  const lines: string[] = [];
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    const logger = pino(loggerOptions('trace', { name: 'node' }), {
      write: (line: string) => void lines.push(line),
    });
    cluster = await startTestCluster(urls, [{ logger, routes, authenticator: talkative }]);
  });
  afterAll(() => cluster.stop());

  const credentials = [
    [`Authorization: Bearer ${AGENT}`],
    [`Authorization: Bearer ${JWT}`],
    [`Sec-WebSocket-Protocol: kryton-token, ${LINK}`],
    [COOKIE],
    [COOKIE, `Authorization: Bearer ${LINK}`],
  ];
  const queries = [
    '',
    `?token=${AGENT}`,
    '?access_token=querySecret',
    `?x=1&y=${JWT}`,
    '?%74oken=querySecret',
  ];

  it('ACC4 holds no secret, whatever a client sends and whatever goes wrong with it', async () => {
    const { port } = nodeAt(cluster, 0);
    const body = JSON.stringify({ password: 'passwordSecret' });
    const enough = (text: string) => text.includes('\r\n\r\n');
    for (const headers of credentials) {
      for (const query of queries) {
        for (const fail of [[], ['X-Fail: 1']]) {
          const all = [...headers, ...fail];
          await rawHttp(port, upgradeRequest(`/ws/yjs/${freshDoc()}${query}`, all), { enough });
          await rawHttp(port, requestOf(`GET /nowhere${query} HTTP/1.1`, all), { enough });
          await rawHttp(port, requestOf(`GET /%zz${query} HTTP/1.1`, all), { enough });
          const post = ['Content-Type: application/json', `Content-Length: ${body.length}`];
          await rawHttp(port, requestOf(`POST /api/broken${query} HTTP/1.1`, [...all, ...post]) + body, {
            enough,
          });
        }
      }
    }
    await rawHttp(port, `GET / HTTP/1.1\r\n${COOKIE}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    const log = lines.join('');
    expect(lines.length).toBeGreaterThan(100);
    expect(log).toContain('a request failed');
    expect(log).toContain('insert failed at /api/broken');
    expect(SECRETS.filter((secret) => log.includes(secret))).toEqual([]);
  });
});
