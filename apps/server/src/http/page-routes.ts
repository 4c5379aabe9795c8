import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SignInFeatures } from '../auth/sign-in-features.ts';
import { contentSecurityPolicy, type WebAddress } from './security-headers.ts';

/** What the build writes into the page where a nonce belongs (apps/web/vite.config.ts). */
const NONCE_MARK = '__STYLE_NONCE__';

const NODE = z.object({
  node: z.string().describe('Its name'),
  urls: z
    .array(z.string())
    .readonly()
    .describe('Where else to go when it stops answering; empty behind a proxy'),
  signIn: z.object({
    registration: z.enum(['open', 'invitation']),
    guests: z.boolean().describe('Whether one may sign in as a guest'),
    createOnOpen: z.boolean().describe('Whether opening a document that does not exist creates it'),
    providers: z.array(z.enum(['google', 'github'])).readonly(),
  }),
});

export type PageParts = {
  /** The folder of the built page. */
  readonly webRoot: string;
  readonly nodeName: string;
  /** `urls`: what a browser may try when this node stops answering. */
  readonly address: WebAddress;
  readonly signIn: SignInFeatures;
};

/** The web app at `/`, and what it asks about the node that it is on. */
export async function registerPageRoutes(
  app: FastifyInstance,
  { webRoot, nodeName, address, signIn }: PageParts,
): Promise<void> {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/api/node',
      { schema: { summary: 'The node that answers', tags: ['node'], security: [], response: { 200: NODE } } },
      async () => ({ node: nodeName, urls: address.urls, signIn }),
    );
  const indexFile = join(webRoot, 'index.html');
  if (!existsSync(indexFile)) {
    app.log.warn(
      { webRoot },
      'the page is not built: run `npm run build`; the API and WebSockets work without it',
    );
    return;
  }
  const page = readFileSync(indexFile, 'utf8');
  // The editor makes its styles as it runs; a nonce of their own lets those in, and no others.
  const sendPage = async (_request: unknown, reply: FastifyReply) => {
    const nonce = randomBytes(16).toString('base64url');
    return reply
      .header('content-security-policy', contentSecurityPolicy(address, nonce))
      .header('cache-control', 'no-cache')
      .type('text/html; charset=utf-8')
      .send(page.replaceAll(NONCE_MARK, nonce));
  };
  app.get('/', sendPage);
  app.get('/index.html', sendPage);
  await app.register(fastifyStatic, {
    root: webRoot,
    index: false,
    // File names carry a hash of their content; the page that names them does not.
    setHeaders: (reply, path) => {
      const isHashed = path.includes('/assets/');
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
