import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';

/**
 * Serves `/metrics` on a port of its own, so that a proxy which forwards the public port never forwards the figures.
 * Rejects with Node's own error when the port cannot be listened on.
 */
export async function serveMetrics(
  registries: readonly Registry[],
  host: string,
  port: number,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    Registry.merge([...registries])
      .metrics()
      .then(
        (text) => response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text),
        () => response.writeHead(500).end(),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  return server;
}
