import { createServer } from 'node:http';
import { listenError } from './listen-error.ts';

/** What is served: figures in Prometheus' text form. */
export type MetricsSource = {
  readonly contentType: string;
  readonly text: () => Promise<string>;
};

export type MetricsServer = {
  /** Ends at once; nobody waits for figures. */
  close(): Promise<void>;
};

/**
 * Serves `/metrics` on a port of its own, so that a proxy which forwards the public port never forwards the figures, and
 * `/livez` for the process's keeper, which is answered as long as the event loop turns. `host` null means every address.
 *
 * Rejects with a {@link StartupError} when the port cannot be listened on.
 */
export async function serveMetrics(
  source: MetricsSource,
  host: string | null,
  port: number,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET') response.writeHead(405).end();
    else if (request.url === '/livez') response.writeHead(200).end('alive\n');
    else if (request.url !== '/metrics') response.writeHead(404).end();
    else {
      source.text().then(
        (text) => response.writeHead(200, { 'content-type': source.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError('METRICS_PORT', host ?? '', port, cause)));
    server.listen({ port, ...(host === null ? {} : { host }) }, () => resolve());
  });
  return {
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
