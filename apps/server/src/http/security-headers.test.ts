import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ApiError } from './errors.ts';
import { createHttpServer } from './http-server.ts';
import { registerSecurityHeaders, type WebAddress } from './security-headers.ts';

const HTTPS: WebAddress = {
  appUrl: 'https://docs.example',
  origins: ['https://docs.example', 'https://app.example'],
  urls: [],
};
const TWO_NODES: WebAddress = {
  appUrl: 'http://localhost:3001',
  origins: ['http://localhost:3001'],
  urls: ['http://localhost:3001', 'http://localhost:3002'],
};

describe('security headers', () => {
  const open: FastifyInstance[] = [];
  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

  const serve = async (address: WebAddress) => {
    const app = createHttpServer({ logger: pino({ level: 'silent' }), trustProxy: false, connections: 1 });
    open.push(app);
    await app.register(websocket);
    await registerSecurityHeaders(app, address);
    const refuse = async () => Promise.reject(new ApiError('unauthenticated'));
    app.get('/ws/open', { websocket: true }, () => {});
    app.get('/ws/closed', { websocket: true, preValidation: refuse }, () => {});
    app.get('/api/me', async () => ({}));
    app.delete('/api/me', async () => ({}));
    app.get('/', async () => 'page');
    return app;
  };

  it('stand on every answer, those to nothing and to mistakes too', async () => {
    const app = await serve(HTTPS);
    for (const url of ['/', '/api/me', '/nothing']) {
      const { headers } = await app.inject({ url });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      });
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  it('are not on a 101, which needs none, but on an upgrade that is refused', async () => {
    const app = await serve(HTTPS);
    const base = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws');
    const options = { headers: { origin: 'https://app.example' } };
    const socket = new WebSocket(`${base}/ws/open`, options);
    const [accepted] = (await once(socket, 'upgrade')) as [IncomingMessage];
    expect(Object.keys(accepted.headers).toSorted()).toEqual([
      'connection',
      'sec-websocket-accept',
      'upgrade',
    ]);
    socket.terminate();
    const [, refused] = (await once(new WebSocket(`${base}/ws/closed`, options), 'unexpected-response')) as [
      unknown,
      IncomingMessage,
    ];
    expect(refused.statusCode).toBe(401);
    for (const headers of [refused.headers, (await app.inject({ url: '/ws/closed' })).headers])
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'permissions-policy': expect.stringContaining('camera=()'),
      });
  });

  it('keep what one person may see out of every cache, and leave the page in it', async () => {
    const app = await serve(HTTPS);
    expect((await app.inject({ url: '/api/me' })).headers['cache-control']).toBe('no-store');
    expect((await app.inject({ url: '/api/none' })).headers['cache-control']).toBe('no-store');
    expect((await app.inject({ url: '/' })).headers).not.toHaveProperty('cache-control');
  });

  it('let the page go to the other nodes, and ask for https only where there is https', async () => {
    const { headers } = await (await serve(TWO_NODES)).inject({ url: '/' });
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers['content-security-policy']).toContain(
      "connect-src 'self' ws://localhost:3001 http://localhost:3001 http://localhost:3002 ws://localhost:3002;",
    );
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  it.each([
    'https://evil.example',
    'https://docs.example.evil.example',
    'https://docs.example:8443',
    'http://docs.example',
    'null',
    '*',
  ])('do not let the page of %s read an answer', async (origin) => {
    const app = await serve(HTTPS);
    for (const method of ['GET', 'OPTIONS', 'DELETE'] as const) {
      const headers = { origin, 'access-control-request-method': 'DELETE' };
      const answer = await app.inject({ method, url: '/api/me', headers });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('let the pages of the allow-list read answers, with their session', async () => {
    const app = await serve(HTTPS);
    for (const origin of HTTPS.origins) {
      const answer = await app.inject({ url: '/api/me', headers: { origin } });
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      });
      const headers = { origin, 'access-control-request-method': 'DELETE' };
      const preflight = await app.inject({ method: 'OPTIONS', url: '/api/me', headers });
      expect(preflight.headers['access-control-allow-methods']).toContain('DELETE');
    }
  });
});
