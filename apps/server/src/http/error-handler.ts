import type { FastifyError, FastifyInstance } from 'fastify';
import { API_ERRORS, ApiError, codeOfStatus, errorBody } from './errors.ts';

/** Every error leaves as `{"error":{"code","message"}}` from the closed table; what was unexpected goes to the log. */
export function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) =>
    reply.code(API_ERRORS.notFound.status).send(errorBody('notFound')),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const code = error instanceof ApiError ? error.code : codeOfStatus(error.statusCode ?? 500);
    if (code === 'internal')
      request.log.error({ err: error, path: request.url.split('?')[0] }, 'a request failed');
    return reply.code(API_ERRORS[code].status).send(errorBody(code));
  });
}
