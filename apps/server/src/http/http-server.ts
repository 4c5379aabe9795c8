import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { answerClientError } from './client-errors.ts';
import { answerErrors, answerFrameworkError } from './error-handler.ts';
import { ApiError } from './errors.ts';

/** A route that imports documents raises it for itself. */
const BODY_BYTES = 1024 * 1024;
/** The request line counts too. Node's own default, made explicit: proxies are set up for it. */
const HEADER_BYTES = 16 * 1024;
/** Who is slower than this keeps a connection from others on purpose (RFC 9110 leaves it to us). */
const HEADERS_MS = 15_000;
/** The largest import in it is 50 MB: 3.4 Mbit/s. */
const REQUEST_MS = 120_000;
/** How often Node looks for those. */
const LOOK_EVERY_MS = 5_000;
/** Longer than proxies keep an idle connection, so that they, who know what comes next, end it. */
const KEEP_ALIVE_MS = 75_000;
/** Requests beside the WebSockets. More connections than both are dropped before they cost anything. */
const REQUEST_CONNECTIONS = 2_000;
const WEBSOCKET_PATHS = '/ws/';

export type HttpServerParts = {
  readonly logger: FastifyBaseLogger;
  /** Whose X-Forwarded headers count: a list of addresses, not a number of hops, which trusts nobody. */
  readonly trustProxy: boolean | string[];
  /** WebSockets that the node takes. */
  readonly connections: number;
  /** How long the headers of a request may take; 15 s unless told. */
  readonly headersMs?: number;
};

/**
 * A Fastify that bounds what a client can make it hold before any route is reached, and answers every error from the
 * closed table. No time limit holds once a connection is a WebSocket.
 */
export function createHttpServer(parts: HttpServerParts): FastifyInstance {
  const { logger, trustProxy, connections, headersMs = HEADERS_MS } = parts;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: headersMs,
      connectionsCheckingInterval: Math.min(headersMs, LOOK_EVERY_MS),
    },
    // Whatever fits into a request line reaches the check of the document id, which says what is wrong with it.
    routerOptions: { maxParamLength: HEADER_BYTES },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
    forceCloseConnections: true,
  }) as unknown as FastifyInstance;
  app.server.maxConnections = connections + REQUEST_CONNECTIONS;
  answerErrors(app);
  // Schemas are written in zod everywhere.
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app;
}

/**
 * Refuses what reached the wrong place: upgrades of routes that are none, which the plugin would accept first and close
 * then; requests without an upgrade where there are only WebSockets; and HTTP/0.9, which no client speaks and in which
 * a line break cuts a path short. Call it when the WebSocket plugin is registered, and
 * the headers of every answer.
 */
export function refuseMisplaced(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.raw.httpVersionMajor !== 1) throw new ApiError('badRequest');
    // Of the route, not of the address: what else begins so may be a file of the page, or none.
    const isWebSocketPath = request.routeOptions.url?.startsWith(WEBSOCKET_PATHS) === true;
    if (request.ws && !isWebSocketPath) throw new ApiError('notFound');
    if (!request.ws && isWebSocketPath) throw new ApiError('upgradeRequired');
    done();
  });
}
