import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RateLimits } from '../limits/rate-limits.ts';
import { rawHttp, requestOf } from '../testing/raw-http.ts';
import { visitors } from '../testing/visitors.ts';
import { mountRoutes } from './api.ts';
import { ApiError } from './errors.ts';
import { createHttpServer, refuseMisplaced } from './http-server.ts';

describe('the HTTP server', () => {
  let app: FastifyInstance;
  let port: number;
  beforeAll(async () => {
    const logger = pino({ level: 'silent' });
    app = createHttpServer({ logger, trustProxy: false, connections: 10, headersMs: 300 });
    refuseMisplaced(app);
    const limits = { handshakes: 100, requests: 100, messages: 100, failures: 100 };
    const rates = new RateLimits({ limits, counters: null, wallClock: Date.now, onError: () => {} });
    await mountRoutes(app, { authenticator: visitors, rates }, async (api) => {
      const body = z.strictObject({ title: z.string().max(5), scopes: z.array(z.enum(['read', 'write'])) });
      api.post('/api/things', { schema: { body } }, async () => ({}));
      api.post('/api/large', { bodyLimit: 2 * 1024 * 1024 }, async () => ({}));
      api.get('/api/busy', () => Promise.reject(new ApiError('tooMany', { retryAfterS: 7 })));
      api.get('/api/broken', () => Promise.reject(new Error('hunter2')));
      api.get('/api/docs/:docId', async () => ({}));
    });
    port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  });
  afterAll(() => app.close());

  const post = async (path: string, body: string | Uint8Array, type = 'application/json') => {
    const url = `http://127.0.0.1:${port}${path}`;
    const answer = await fetch(url, {
      method: 'POST',
      body: typeof body === 'string' ? body : Buffer.from(body),
      headers: { 'content-type': type },
    });
    return { status: answer.status, ...((await answer.json()) as { error: { code: string } }) };
  };

  it('says which fields are wrong and what is wrong with them, and repeats nothing that was sent', async () => {
    const sent = {
      title: 'hunter2-title',
      scopes: ['read', 'hunter2-scope'],
      'hunter2-key': 'hunter2-value',
    };
    const answer = await post('/api/things', JSON.stringify(sent));
    expect(answer).toMatchObject({ status: 400, error: { code: 'badRequest' } });
    expect(answer.error).toHaveProperty('details', [
      { in: 'body', field: 'title', problem: expect.stringContaining('5') },
      { in: 'body', field: 'scopes/1', problem: expect.stringContaining('"read"|"write"') },
      { in: 'body', field: '', problem: 'has fields that are not known here' },
    ]);
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it('answers what Fastify refuses from the closed table', async () => {
    expect(await post('/api/things', '{"title":')).toMatchObject({
      status: 400,
      error: { code: 'badRequest', message: 'the body is not valid JSON' },
    });
    expect(await post('/api/things', '{}', 'application/x-hunter2')).toMatchObject({
      status: 415,
      error: { code: 'unsupportedMedia' },
    });
    const large = JSON.stringify('x'.repeat(1024 * 1024));
    expect(await post('/api/things', large)).toMatchObject({ status: 413, error: { code: 'tooLarge' } });
    expect((await post('/api/large', large)).status).toBe(200);
  });

  it('keeps what was unexpected to itself, and says when to come back', async () => {
    const broken = await fetch(`http://127.0.0.1:${port}/api/broken`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('hunter2');
    const busy = await fetch(`http://127.0.0.1:${port}/api/busy`);
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it.each([
    ['headers of more than 16 KB', requestOf('GET / HTTP/1.1', [`X-Long: ${'x'.repeat(20_000)}`]), 431],
    ['what is no HTTP', '\x16\x03\x01 hello\r\n\r\n', 400],
    ['a NUL in the request line', requestOf('GET /api/docs/a\0b HTTP/1.1'), 400],
    ['a line break in the request line', requestOf('GET /api/docs/a\r\nX: y HTTP/1.1'), 400],
    ['broken percent-encoding', requestOf('GET /api/docs/%E0%A4%A HTTP/1.1'), 400],
    [
      'both lengths at once',
      requestOf('POST / HTTP/1.1', ['Content-Length: 3', 'Transfer-Encoding: chunked']),
      400,
    ],
  ])('answers %s and ends the connection', async (_what, bytes, status) => {
    const answer = await rawHttp(port, bytes);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toHaveProperty('error.code');
  });

  it('ends a connection whose headers do not come to an end', async () => {
    const answer = await rawHttp(port, 'GET / HTTP/1.1\r\nX: y\r\n');
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'timeout' } });
  });
});
