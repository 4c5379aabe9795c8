import { type IncomingMessage, validateHeaderValue } from 'node:http';
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import type { ApiInstance } from '../http/api.ts';
import { API_ERRORS, ApiError, errorBody } from '../http/errors.ts';
import { admitToDocument, type DocumentAdmission, docIdOf } from '../socket/admission.ts';
import { USUAL_BYTES } from './check-route.ts';
import { jsonText } from './message-codec.ts';
import type { PluginAnswer, PluginHttpRoute, PluginRequest } from './plugin.ts';
import type { RunningPlugin } from './running-plugin.ts';
import type { ShownPeople } from './shown-people.ts';

/** What a plugin must not see: it gets the principal instead. */
const CREDENTIAL_HEADERS = ['cookie', 'authorization', 'proxy-authorization', 'sec-websocket-protocol'];

type Params = { readonly Params: Record<string, string>; readonly Querystring: PluginRequest['query'] };

export type HttpParts = { readonly access: Access; readonly people: ShownPeople };

/** Mounts the routes of a plugin under `/api/plugins/<id>`, behind the hooks of the API that `api` brings along. */
export async function mountPluginRoutes(
  api: ApiInstance,
  plugin: RunningPlugin,
  routes: readonly PluginHttpRoute[],
  parts: HttpParts,
): Promise<void> {
  const mount: FastifyPluginAsync = async (scope) => {
    if (!scope.hasContentTypeParser('application/octet-stream')) {
      scope.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
        done(null, body),
      );
    }
    for (const route of routes) mountRoute(scope, plugin, route, parts);
  };
  await api.register(mount, { prefix: `/api/plugins/${plugin.id}` });
}

function mountRoute(
  api: FastifyInstance,
  plugin: RunningPlugin,
  route: PluginHttpRoute,
  parts: HttpParts,
): void {
  const admitted = new WeakMap<IncomingMessage, DocumentAdmission>();
  api.route<Params>({
    method: route.method,
    url: route.path === '/' ? '' : route.path,
    // The API as it is documented is the one of this server.
    schema: { hide: true },
    bodyLimit: route.bodyLimit ?? USUAL_BYTES,
    // Before the body is read, like everything that decides who may.
    onRequest: async (request) => {
      if (!plugin.isOn) throw new ApiError('switchedOff');
      if (route.document === undefined) return;
      const docId = docIdOf(request.params['docId'] ?? '');
      const { raw, principal } = request;
      admitted.set(raw, await admitToDocument(parts.access, principal, docId, route.document));
    },
    handler: async (request, reply) => {
      const asked: PluginRequest = {
        params: request.params,
        query: request.query,
        headers: withoutCredentials(request.headers),
        body: request.body,
        principal: parts.people.show(request.principal),
        document: admitted.get(request.raw) ?? null,
      };
      const outcome = await plugin.call(`${route.method} ${route.path}`, async () =>
        written(await route.handle(asked)),
      );
      plugin.metrics.handled(plugin.id, 'http', outcome.kind === 'done' ? 'ok' : 'failed');
      if (outcome.kind === 'unavailable') throw new ApiError('unavailable');
      // Logged already, with the plugin's id.
      if (outcome.kind === 'failed')
        return reply.code(API_ERRORS.internal.status).send(errorBody('internal'));
      const answer = outcome.result;
      if ('error' in answer) throw answer.error;
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    },
  });
}

/** An answer whose body is encoded. */
type Written =
  | { readonly error: ApiError }
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | Buffer | undefined;
    };

/** Throws for what is no answer: a fault of the plugin like any other. */
function written(answer: PluginAnswer): Written {
  if (typeof answer !== 'object' || answer === null)
    throw new TypeError('the handler answered with no object');
  if ('error' in answer) return { error: new ApiError(answer.error) };
  const { status = 200, headers = {}, body } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new RangeError(`a status of ${status}`);
  for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value);
  const of = (type: string) => ({ 'content-type': type, ...headers });
  if (body === undefined) return { status, headers, body };
  if (typeof body === 'string') return { status, headers: of('text/plain; charset=utf-8'), body };
  if (body instanceof Uint8Array)
    return { status, headers: of('application/octet-stream'), body: Buffer.from(body) };
  return { status, headers: of('application/json; charset=utf-8'), body: jsonText(body) };
}

function withoutCredentials(headers: FastifyRequest['headers']): PluginRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CREDENTIAL_HEADERS.includes(name)));
}
