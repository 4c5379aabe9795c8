import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Principal } from '../auth/principal.ts';
import {
  identifyWithinLimits,
  type LimitedIdentityParts,
  takeOfAddress,
} from '../limits/limited-identity.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { Rooms } from '../room/rooms.ts';
import type { Connections } from '../socket/connections.ts';
import { expectWithinReach } from './credential-reach.ts';
import { ApiError } from './errors.ts';

/** A Fastify on which routes declare their schemas with zod. */
export type ApiInstance = FastifyInstance<
  FastifyInstance['server'],
  import('node:http').IncomingMessage,
  import('node:http').ServerResponse,
  FastifyInstance['log'],
  ZodTypeProvider
>;

/** What routes may use of the node that they are mounted on. */
export type ApiNode = {
  readonly name: string;
  readonly rooms: Rooms;
  readonly connections: Connections;
};

/** Mounts routes of one concern under `/api`. */
export type ApiRoutes = (api: ApiInstance, node: ApiNode) => void | Promise<void>;

export type ApiParts = ApiNode &
  LimitedIdentityParts & {
    readonly routes: readonly ApiRoutes[];
  };

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request; set before its body is read, on every route of the API. */
    principal: Principal;
  }
}

const READ_ONLY = new Set(['GET', 'HEAD']);

/** The API: every route behind authentication (ACC1), its schemas in zod. */
export async function registerApi(app: FastifyInstance, parts: ApiParts): Promise<void> {
  await mountRoutes(app, parts, async (api) => {
    for (const mount of parts.routes) await mount(api, parts);
  });
}

/** Mounts what `mount` adds behind authentication. */
export async function mountRoutes(
  app: FastifyInstance,
  parts: LimitedIdentityParts,
  mount: (api: ApiInstance) => Promise<void>,
): Promise<void> {
  const mountAll: FastifyPluginAsync = async (scope) => {
    const api = scope.withTypeProvider<ZodTypeProvider>();
    api.setValidatorCompiler(validatorCompiler);
    api.setSerializerCompiler(serializerCompiler);
    // Fastify wants a value of every request from the start; the hook replaces it before anybody can read it.
    api.decorateRequest('principal', null as unknown as Principal);
    api.addHook('onRequest', async (request) => {
      refuseBadDocId(request);
      const origin = READ_ONLY.has(request.method) ? 'if-present' : 'required';
      request.principal = await identifyWithinLimits(request, origin, 'requests', parts);
      expectWithinReach(request);
    });
    await mount(api);
  };
  await app.register(mountAll);
}

/** Where a route names a document, its id is checked once for all of them, after the one decoding that the router does. */
function refuseBadDocId({ params }: FastifyRequest): void {
  if (typeof params !== 'object' || params === null || !('docId' in params)) return;
  if (typeof params.docId !== 'string' || parseDocId(params.docId) === null) throw new ApiError('badDocId');
}

/** Counts the requests of each address to the API, before anything is spent on them; sign-in and what is public too. */
export function limitRequests(app: FastifyInstance, rates: RateLimits): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.url.startsWith('/api/') && !request.ws) takeOfAddress(request, 'requests', rates);
    done();
  });
}
