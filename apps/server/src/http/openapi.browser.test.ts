import { pino } from 'pino';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { startChromium } from '../../../web/src/testing/tab.ts';
import { RateLimits } from '../limits/rate-limits.ts';
import { visitors } from '../testing/visitors.ts';
import { mountRoutes } from './api.ts';
import { createHttpServer } from './http-server.ts';
import { registerOpenApi } from './openapi.ts';
import { registerSecurityHeaders } from './security-headers.ts';

const MANY = 1_000;

it('the page at /docs shows the routes under its content security policy', async () => {
  const app = createHttpServer({ logger: pino({ level: 'silent' }), trustProxy: false, connections: 10 });
  const address = { appUrl: 'http://localhost', origins: [], urls: [] };
  await registerSecurityHeaders(app, address);
  await registerOpenApi(app, address.appUrl);
  const limits = { handshakes: MANY, requests: MANY, messages: MANY, failures: MANY };
  const rates = new RateLimits({ limits, counters: null, wallClock: Date.now, onError: () => {} });
  await mountRoutes(app, { authenticator: visitors, rates }, async (api) => {
    const schema = { summary: 'A thing', body: z.object({ title: z.string() }) };
    api.post('/api/things', { schema }, async () => ({}));
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    const refused: string[] = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    page.on('pageerror', (error) => refused.push(error.message));
    await page.goto(`${url}/docs`);
    await page.getByText('/api/things').click({ timeout: 15_000 });
    await page.getByText('Request body').waitFor({ timeout: 15_000 });
    expect(refused).toEqual([]);
  } finally {
    await browser.close();
    await app.close();
  }
});
