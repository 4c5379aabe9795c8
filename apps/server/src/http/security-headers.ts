import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What @fastify/cors looks at: `false` for routes that are none of its matter. */
    cors?: false;
  }
}

/** Where this node is on the web. */
export type WebAddress = {
  /** The public URL. */
  readonly appUrl: string;
  /** Pages that may use the API with a session: the allow-list. */
  readonly origins: readonly string[];
  /** Base URLs of further nodes that the page may go to; empty behind a proxy. */
  readonly urls: readonly string[];
};

/** A year: what browsers ask of sites that want to be on their preload list. */
const HSTS_S = 31_536_000;
/** How long a browser need not ask again whether a page may call the API. */
const PREFLIGHT_S = 600;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Of those that helmet sets. */
const ON_EVERY_ANSWER = 'x-content-type-options';
/** Nothing here needs any of these, and a page that got in could not have them either. */
const NO_DEVICES = 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()';

/** What browsers are told to forbid; and to which other pages the API speaks. */
export async function registerSecurityHeaders(app: FastifyInstance, address: WebAddress): Promise<void> {
  const isHttps = address.appUrl.startsWith('https:');
  // Nothing of this is on a 101, and making it took a fifteenth of the time of an upgrade. An upgrade that is refused
  // gets it when the answer is sent; a handshake is not subject to CORS.
  app.addHook('onRoute', (route) => {
    if (route.websocket !== true) return;
    route.helmet = false;
    route.config = { ...route.config, cors: false };
  });
  await app.register(helmet, {
    contentSecurityPolicy: false,
    hsts: isHttps ? { maxAge: HSTS_S, includeSubDomains: false } : false,
    // The id of a document stands in the address.
    referrerPolicy: { policy: 'same-origin' },
    // Older browsers' word for frame-ancestors.
    xFrameOptions: { action: 'deny' },
  });
  const policy = contentSecurityPolicy(address);
  const forbid = (reply: FastifyReply) =>
    reply.header('content-security-policy', policy).header('permissions-policy', NO_DEVICES);
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.ws) forbid(reply);
    // What one person may see is not for the next one at the same machine or proxy.
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    done();
  });
  app.addHook('onSend', async (_request, reply) => {
    if (reply.raw.hasHeader(ON_EVERY_ANSWER)) return;
    await reply.helmet();
    forbid(reply);
  });
  await app.register(cors, {
    origin: [...new Set([...address.origins, ...address.urls])],
    credentials: true,
    methods: METHODS,
    allowedHeaders: ['content-type', 'authorization'],
    exposedHeaders: ['retry-after'],
    maxAge: PREFLIGHT_S,
    strictPreflight: false,
  });
}

/**
 * The policy of every answer: scripts and styles from here only, none inline. `styleNonce` is for the one page whose
 * editor brings its styles along.
 */
export function contentSecurityPolicy({ appUrl, urls }: WebAddress, styleNonce?: string): string {
  const others = urls.flatMap((url) => [url, webSocketOf(url)]);
  const directives = {
    'default-src': ["'self'"],
    'script-src': ["'self'"],
    'script-src-attr': ["'none'"],
    'style-src': ["'self'", ...(styleNonce === undefined ? [] : [`'nonce-${styleNonce}'`])],
    'style-src-attr': ["'none'"],
    'img-src': ["'self'", 'data:'],
    // Not every browser takes 'self' for WebSockets too.
    'connect-src': ["'self'", ...new Set([webSocketOf(appUrl), ...others])],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'self'"],
    'frame-ancestors': ["'none'"],
    ...(appUrl.startsWith('https:') && { 'upgrade-insecure-requests': [] }),
  };
  return Object.entries(directives)
    .map(([name, sources]) => [name, ...sources].join(' '))
    .join('; ');
}

/** http://host -> ws://host, https://host -> wss://host */
function webSocketOf(url: string): string {
  return url.replace(/^http/, 'ws');
}
