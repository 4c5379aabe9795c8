import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

export type PageParts = {
  /** The folder of the built page. */
  readonly webRoot: string;
  readonly nodeName: string;
  /** Base URLs a browser may try when this one stops answering; empty behind a proxy. */
  readonly urls: readonly string[];
};

/** The web app at `/`, and what it asks about the node that it is on. */
export async function registerPageRoutes(
  app: FastifyInstance,
  { webRoot, nodeName, urls }: PageParts,
): Promise<void> {
  app.get('/api/node', async () => ({ node: nodeName, urls }));
  if (!existsSync(webRoot)) {
    app.log.warn(
      { webRoot },
      'the page is not built: run `npm run build`; the API and WebSockets work without it',
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: webRoot,
    // File names carry a hash of their content; the page that names them does not.
    setHeaders: (reply, path) => {
      const isHashed = path.includes('/assets/');
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
