import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, unavailable } from '../http/errors.ts';
import { AUTH_PREFIX, isServed } from './auth-paths.ts';
import { ADDRESS_HEADER } from './client-address.ts';
import type { Auth } from './create-auth.ts';
import { LineFull } from './line.ts';

/** The largest is the answer of a passkey, a few KiB. */
const MAX_BODY_BYTES = 64 * 1024;
const BUSY = 'too many people are signing in at the moment, try again soon';
const BUSY_S = 10;
/** Between two hops only, or of a body that is handed on in one piece. */
const NOT_HANDED_ON = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'transfer-encoding',
]);
/** PostgreSQL's text cannot hold it; as it is, as JSON escapes it, and as a URL does. */
const NUL = /\0|\\u0000|%00/;

/**
 * `/api/auth/*`: hands requests to better-auth and its answers back, unchanged. Only the paths that it is to serve get
 * there, so that no others are counted by its rate limits either: each would be a key of its own in the store.
 */
export async function registerAuthRoutes(app: FastifyInstance, auth: Auth): Promise<void> {
  const mount: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
      (_request, body, done) => done(null, body),
    );
    scope.route({
      method: ['GET', 'POST'],
      url: `${AUTH_PREFIX}/*`,
      exposeHeadRoute: false,
      onRequest: async (request, reply) => {
        if (!isServed(request.method, pathOf(request))) return reply.callNotFound();
      },
      handler: async (request, reply) => {
        const { socket } = request.raw;
        const made = () => (socket.destroyed ? null : webRequest(request, auth.url));
        const answer = await auth.handle(pathOf(request), made).catch(explain);
        if (answer === null) return reply.hijack();
        if (answer.status >= 500) {
          request.log.error({ path: pathOf(request), status: answer.status }, 'better-auth could not answer');
        }
        return await send(reply, answer);
      },
    });
  };
  await app.register(mount);
}

/** What better-auth does not answer itself is that a store behind it does not answer; or a mistake, which is a 500. */
function explain(error: unknown): never {
  if (error instanceof LineFull)
    throw new ApiError('full', { message: BUSY, retryAfterS: BUSY_S, cause: error });
  throw error instanceof TypeError ? error : unavailable(error);
}

/** Below the prefix, without the query. */
function pathOf({ url }: FastifyRequest): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.slice(path.indexOf(AUTH_PREFIX) + AUTH_PREFIX.length);
}

/** The address is the configured one, whatever Host or X-Forwarded-Host say. */
function webRequest(request: FastifyRequest, origin: string): Request {
  const { method, url } = request;
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || NOT_HANDED_ON.has(name)) continue;
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each);
  }
  headers.set(ADDRESS_HEADER, request.ip);
  const body = method === 'POST' ? bodyOf(request) : null;
  if (NUL.test(query)) throw new ApiError('badRequest');
  return new Request(`${origin}${AUTH_PREFIX}${pathOf(request)}${query}`, { method, headers, body });
}

/** better-auth throws at JSON that is none; an empty body is one for the paths that need nothing. */
function bodyOf({ body, headers }: FastifyRequest): string | null {
  if (!Buffer.isBuffer(body) || body.length === 0) return null;
  const text = body.toString('utf8');
  if (NUL.test(text)) throw new ApiError('badRequest');
  if (headers['content-type']?.includes('json')) expectJson(text);
  return text;
}

function expectJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new ApiError('badRequest', { cause });
  }
}

async function send(reply: FastifyReply, answer: Response): Promise<FastifyReply> {
  reply.code(answer.status);
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') reply.header(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) reply.header('set-cookie', cookies);
  reply.header('cache-control', 'no-store');
  return reply.send(Buffer.from(await answer.arrayBuffer()));
}
