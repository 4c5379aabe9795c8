import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { API_ERRORS } from './errors.ts';

/** The page at which the API can be read and tried; what it is made from is at `/docs/json`. */
const DOCS_PATH = '/docs';

const ERROR_SCHEMA = {
  type: 'object' as const,
  required: ['error'],
  properties: {
    error: {
      type: 'object' as const,
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' as const, enum: Object.keys(API_ERRORS) },
        message: { type: 'string' as const, description: 'For people; may change' },
        details: {
          type: 'array' as const,
          description: 'What is wrong with the request, without what was sent',
          items: {
            type: 'object' as const,
            required: ['in', 'field', 'problem'],
            properties: {
              in: { type: 'string' as const, description: 'body, params, querystring or headers' },
              field: {
                type: 'string' as const,
                description: 'A path like scopes/0; empty for the part as a whole',
              },
              problem: { type: 'string' as const },
            },
          },
        },
      },
    },
  },
};

const ERROR_ANSWER = {
  description: 'An error of the closed table',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

/**
 * Swagger's page sets styles and draws its icons as data; its scripts come from files, and it speaks to this server
 * alone. The policy holds for its paths only.
 */
const DOCS_POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/**
 * Collects the schemas of every route that is mounted afterwards, and shows them at `/docs` to whoever asks: what the
 * API is, is no secret. `appUrl` is where requests go.
 */
export async function registerOpenApi(app: FastifyInstance, appUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Kryton Cluster',
        version: '1',
        description:
          'Documents, who may open them, and agents. Editing goes over the WebSocket /ws/yjs/{docId}, which speaks the y-websocket protocol.',
      },
      servers: [{ url: appUrl }],
      components: {
        securitySchemes: {
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: appUrl.startsWith('https:')
              ? '__Secure-better-auth.session_token'
              : 'better-auth.session_token',
            description:
              'Of a signed-in person; whatever changes something needs an allowed Origin beside it',
          },
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'An agent token, a document token or a link token',
          },
        },
        schemas: { Error: ERROR_SCHEMA },
      },
      security: [{ session: [] }, { token: [] }],
    },
    transform: (route) => {
      if (!isOfApi(route.url, route.schema)) return { schema: { hide: true }, url: route.url };
      const { schema, url } = jsonSchemaTransform(route as Parameters<typeof jsonSchemaTransform>[0]);
      return { schema: withErrors(schema as FastifySchema, url), url };
    },
  });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    staticCSP: DOCS_POLICY,
    uiConfig: { deepLinking: true, docExpansion: 'list', tryItOutEnabled: false },
    theme: { title: 'Kryton Cluster: the API' },
  });
}

/** Routes that say what they take. Those of better-auth and of plugins do not. */
function isOfApi(url: string, schema: FastifySchema | undefined): boolean {
  return schema !== undefined && schema.hide !== true && /^\/(api|\.well-known)\//.test(url);
}

/** Every answer that a route does not name is an error; routes without a tag are filed under their path. */
function withErrors(schema: FastifySchema, url: string): FastifySchema {
  const [, , concern = 'other'] = url.split('/');
  const response = { ...(schema.response as object | undefined), default: ERROR_ANSWER };
  return { ...schema, tags: schema.tags ?? [concern], response };
}
