import type { FastifyInstance } from 'fastify';

/** Asked every few seconds by keepers and proxies: none of them is a request that anybody waits for. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/healthz', '/readyz']);

export type HealthParts = {
  /** Why this node should get no traffic at the moment; null when it should. */
  readonly unreadyBecause: () => string | null;
};

/** `/livez` looks at nothing outside the process; `/readyz` turns 503 while traffic should go elsewhere. */
export function registerHealthRoutes(app: FastifyInstance, { unreadyBecause }: HealthParts): void {
  const live = async () => ({ status: 'ok' });
  app.get('/livez', live);
  app.get('/healthz', live);
  app.get('/readyz', async (_request, reply) => {
    const reason = unreadyBecause();
    if (reason === null) return { status: 'ok' };
    return reply.code(503).send({ status: 'unready', reason });
  });
}
