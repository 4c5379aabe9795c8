import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { freePort, freePortRange } from './free-port.ts';
import { startNginx } from './nginx-service.ts';
import { accepts } from './proxy-service.ts';

/** A configuration that answers everything on `port` with the text of the server on `upstream`. */
function proxy(port: number, upstream: number): string {
  return `events {}
http {
  access_log off;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; } }
}`;
}

it('serves a configuration, follows a reload, and leaves the port free when it is stopped', async () => {
  const [one, other] = await Promise.all([answering('one'), answering('other')]);
  const port = await freePort();
  const nginx = await startNginx({ config: { text: proxy(port, one.port) }, port });
  const ask = async () => (await fetch(nginx.url)).text();
  expect(await ask()).toBe('one');
  await nginx.reload(proxy(port, other.port));
  await eventually(async () => (await ask()) === 'other', { what: 'nginx follows the new configuration' });
  expect(await nginx.stop()).toEqual({ code: 0, signal: null });
  expect(await accepts(port)).toBe(false);
  one.close();
  other.close();
});

it('says what is wrong with a configuration', async () => {
  const port = await freePort();
  await expect(startNginx({ config: { text: 'events {} nonsense;' }, port })).rejects.toThrow(
    'unknown directive',
  );
});

it('hands out consecutive ports that are free, and none twice', async () => {
  const first = await freePortRange(4);
  const taken = await Promise.all([0, 1, 2, 3].map((offset) => accepts(first + offset)));
  expect(taken).toEqual([false, false, false, false]);
  const next = await Promise.all(Array.from({ length: 50 }, freePort));
  expect(new Set([first, first + 1, first + 2, first + 3, ...next]).size).toBe(54);
});

async function answering(text: string): Promise<{ port: number; close: () => void }> {
  const port = await freePort();
  const server = createServer((_, response) => response.setHeader('connection', 'close').end(text));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { port, close: () => server.close() };
}
