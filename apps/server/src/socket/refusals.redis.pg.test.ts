import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ApiInstance } from '../http/api.ts';
import { rawHttp, requestOf, upgradeRequest } from '../testing/raw-http.ts';
import { nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

/** Where the page is served, every path has a route. */
function pageOf(): string {
  const folder = temporaryDirectory('page');
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  return folder;
}

const BAD_DOC_IDS = [
  ['dots, encoded', '%2e%2e'],
  ['dots', '..'],
  ['nothing', ''],
  ['braces', '}{'],
  ['braces, encoded', '%7D%7B'],
  ['a NUL', 'a%00b'],
  ['a line break', 'a%0d%0ab'],
  ['10 KB', 'a'.repeat(10_000)],
  ['65 characters', 'a'.repeat(65)],
  ['unicode', '%F0%9F%A6%91'],
  ['a slash, encoded', 'a%2Fb'],
  ['a semicolon', 'a;b'],
  ['two encodings', '%2561'],
  ['bytes above 127', '\xe9\xff'],
  ['broken percent-encoding', 'a%E0%A4%A'],
  ['a lone percent', 'a%'],
] as const;

describe('what is refused before the upgrade', () => {
  let cluster: TestCluster;
  let port: number;
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    const routes = [(api: ApiInstance) => void api.get('/api/docs/:docId', async () => ({}))];
    cluster = await startTestCluster(urls, [{ routes, webRoot: pageOf() }]);
    port = nodeAt(cluster, 0).port;
  });
  afterAll(() => cluster.stop());

  it.each(BAD_DOC_IDS)(
    'answers 400 to a document id of %s, and ends the connection',
    async (_what, docId) => {
      for (const bytes of [
        upgradeRequest(`/ws/yjs/${docId}`),
        requestOf(`GET /api/docs/${docId} HTTP/1.1`, ['Connection: close']),
      ]) {
        const answer = await rawHttp(port, Buffer.from(bytes, 'latin1'));
        expect(answer.status).toBe(400);
        expect(JSON.parse(answer.body).error.code).toMatch(/^bad(DocId|Request)$/);
      }
    },
  );

  it.each([
    ['a path without WebSockets', upgradeRequest('/livez'), 404],
    ['a path that is none', upgradeRequest('/ws/elsewhere/doc'), 404],
    ['a path behind a document', upgradeRequest('/ws/yjs/doc/more'), 404],
    ['a file of the page', upgradeRequest('/index.html'), 404],
    ['an upgrade to something else', upgradeRequest('/', ['Upgrade: h2c']), 404],
    ['a request without an upgrade', requestOf('GET /ws/yjs/doc HTTP/1.1', ['Connection: close']), 426],
    ['HTTP/0.9', requestOf('GET /livez'), 400],
    ['no key', upgradeRequest('/ws/yjs/doc').replace(/Sec-WebSocket-Key.*\r\n/, ''), 400],
  ])('answers %s, and ends the connection', async (_what, bytes, status) => {
    expect((await rawHttp(port, bytes)).status).toBe(status);
  });
});
