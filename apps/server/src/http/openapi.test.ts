import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RateLimits } from '../limits/rate-limits.ts';
import { visitors } from '../testing/visitors.ts';
import { mountRoutes } from './api.ts';
import { errorTable, withErrorTable } from './error-table.ts';
import { API_ERRORS } from './errors.ts';
import { createHttpServer } from './http-server.ts';
import { registerOpenApi } from './openapi.ts';
import { registerSecurityHeaders } from './security-headers.ts';

const DOCS_PAGE = new URL('../../API.md', import.meta.url);
const MANY = 1_000;

describe('the description of the API', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    const appUrl = 'http://localhost';
    app = createHttpServer({ logger: pino({ level: 'silent' }), trustProxy: false, connections: 10 });
    await registerSecurityHeaders(app, { appUrl, origins: [], urls: [] });
    await registerOpenApi(app, appUrl);
    const limits = { handshakes: MANY, requests: MANY, messages: MANY, failures: MANY };
    const rates = new RateLimits({ limits, counters: null, wallClock: Date.now, onError: () => {} });
    await mountRoutes(app, { authenticator: visitors, rates }, async (api) => {
      const schema = {
        params: z.object({ docId: z.string() }),
        body: z.object({ title: z.string().max(200) }),
        response: { 200: z.object({ id: z.string() }) },
      };
      api.patch('/api/docs/:docId', { schema }, async ({ params }) => ({ id: params.docId }));
      api.get('/api/unspoken', async () => ({}));
    });
    app.get('/livez', async () => ({}));
    await app.ready();
  });
  afterAll(() => app.close());

  it('is made from the schemas of the routes, and from no others', async () => {
    const described = (await app.inject({ url: '/docs/json' })).json();
    expect(Object.keys(described.paths)).toEqual(['/api/docs/{docId}']);
    expect(described.paths['/api/docs/{docId}'].patch).toMatchObject({
      tags: ['docs'],
      requestBody: {
        content: { 'application/json': { schema: { properties: { title: { maxLength: 200 } } } } },
      },
      responses: {
        200: { content: { 'application/json': { schema: { required: ['id'] } } } },
        default: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
      },
    });
    expect(Object.keys(described.components.securitySchemes)).toEqual(['session', 'token']);
  });

  it('names the errors of the closed table, as the page about the API does', async () => {
    const described = (await app.inject({ url: '/docs/json' })).json();
    const { code } = described.components.schemas.Error.properties.error.properties;
    expect(code.enum).toEqual(Object.keys(API_ERRORS));
    const page = readFileSync(DOCS_PAGE, 'utf8');
    // `npm run docs:api` writes it.
    expect(page).toBe(withErrorTable(page));
    for (const [name, { status }] of Object.entries(API_ERRORS))
      expect(errorTable()).toContain(`| \`${name}\` | ${status} |`);
  });

  it('can be read without signing in, under a policy of its own', async () => {
    const page = await app.inject({ url: '/docs' });
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    const elsewhere = await app.inject({ url: '/livez' });
    expect(elsewhere.headers['content-security-policy']).not.toContain('unsafe-inline');
  });
});
