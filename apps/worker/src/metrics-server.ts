import { createServer, type Server } from 'node:http';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import type { Registry } from 'prom-client';

/**
 * Serves `/metrics`, and `/livez` for the process's keeper: it answers as long as the event loop turns.
 *
 * Rejects with a {@link StartupError} when the port is taken.
 */
export async function serveMetrics(registry: Registry, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/livez') response.writeHead(200).end('alive\n');
    else if (request.url !== '/metrics') response.writeHead(404).end();
    else {
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const because = 'code' in cause && cause.code === 'EADDRINUSE' ? 'it is taken' : cause.message;
      reject(
        new StartupError(`METRICS_PORT ${port} cannot be used (${because}): set another one, or 0`, {
          cause,
        }),
      );
    });
    server.listen(port, () => resolve());
  });
  return server;
}
