import { createServer, type Server } from 'node:http';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { AggregatorRegistry, Registry } from 'prom-client';

/**
 * Serves `/metrics` on a port of its own, so that a proxy which forwards the public port never forwards the figures.
 * Rejects with a {@link StartupError} when the port cannot be listened on.
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
    exposition(registries).then(
      (text) => response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError('METRICS_PORT', host, port, cause)));
    server.listen(port, host, () => resolve());
  });
  return server;
}

/** Nodes in one process have metrics of the same names; their label `node` keeps the series apart. */
async function exposition(registries: readonly Registry[]): Promise<string> {
  const metrics = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
  return await AggregatorRegistry.aggregate(metrics).metrics();
}

/** Why `variable`'s port cannot be listened on, in one sentence. */
export function listenError(variable: string, host: string, port: number, cause: unknown): StartupError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const next = `set ${variable} to another one`;
  if (code === 'EADDRINUSE') {
    return new StartupError(`Port ${port} is taken by another process: end that or ${next}`, { cause });
  }
  if (code === 'EACCES')
    return new StartupError(`Port ${port} may not be used by this user: ${next}`, { cause });
  const because = cause instanceof Error ? cause.message : String(cause);
  return new StartupError(`Cannot listen on ${host}:${port} (${because}): check HOST, or ${next}`, { cause });
}
