import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../testing/services/free-port.ts';
import { type MetricsServer, type MetricsSource, serveMetrics } from './metrics-server.ts';
import { StartupError } from './startup-error.ts';

const FIGURES: MetricsSource = { contentType: 'text/plain; version=0.0.4', text: async () => 'up 1\n' };

describe('serveMetrics', () => {
  const servers: MetricsServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  async function serve(source: MetricsSource): Promise<string> {
    const port = await freePort();
    servers.push(await serveMetrics(source, '127.0.0.1', port));
    return `http://127.0.0.1:${port}`;
  }

  it('serves figures and whether the process lives, nothing else', async () => {
    const base = await serve(FIGURES);
    const figures = await fetch(`${base}/metrics`);
    expect(figures.headers.get('content-type')).toBe(FIGURES.contentType);
    expect(await figures.text()).toBe('up 1\n');
    expect((await fetch(`${base}/livez`)).status).toBe(200);
    expect((await fetch(`${base}/`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('answers 500 when the figures cannot be read, and goes on', async () => {
    const base = await serve({ ...FIGURES, text: () => Promise.reject(new Error('a gauge failed')) });
    expect((await fetch(`${base}/metrics`)).status).toBe(500);
    expect((await fetch(`${base}/livez`)).status).toBe(200);
  });

  it('names the variable when the port is taken', async () => {
    const port = Number(new URL(await serve(FIGURES)).port);
    const second = serveMetrics(FIGURES, '127.0.0.1', port);
    await expect(second).rejects.toThrow(StartupError);
    await expect(second).rejects.toThrow(
      `Port ${port} is taken by another process: end that or set METRICS_PORT`,
    );
  });
});
