import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { API_ERRORS, ApiError, codeOfStatus, errorBody } from './errors.ts';
import { invalidRequest } from './invalid-request.ts';

/** What Fastify itself refuses, in words that say what to do. The other errors are known by their status. */
const MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'the address is not a valid URL',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty, and its content type says that it is JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length says',
};

/** Every error leaves as `{"error":{"code","message","details?"}}` from the closed table; what was unexpected is logged. */
export function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) =>
    reply.code(API_ERRORS.notFound.status).send(errorBody('notFound')),
  );
  app.setErrorHandler(answerError);
}

/** For errors before there is a route: the request may be an upgrade, whose socket nobody else would close. */
export function answerFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { socket } = request.raw;
  reply.raw.once('finish', () => socket.destroySoon());
  void answerError(error, request, reply.header('connection', 'close'));
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = apiErrorOf(error);
  const { code, message, details, retryAfterS } = answer;
  if (code === 'internal' || code === 'unavailable') {
    const context = { err: answer.cause ?? answer, path: request.url.split('?')[0] };
    request.log.error(context, 'a request failed');
  }
  if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
  return reply.code(answer.statusCode).send(errorBody(code, message, details));
}

function apiErrorOf(error: FastifyError): ApiError {
  if (error instanceof ApiError) return error;
  if (error.validation) return invalidRequest(error.validation, error.validationContext);
  const message = MESSAGES[error.code];
  return new ApiError(codeOfStatus(error.statusCode ?? 500), { cause: error, ...(message && { message }) });
}
