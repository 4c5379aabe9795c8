import type { FastifySchemaValidationError } from 'fastify';
import { ApiError, type ErrorDetail } from './errors.ts';

/** What a client learns at once; the rest it finds when it tries again. */
const MAX_DETAILS = 20;
/** A path may hold names that the client chose. */
const MAX_FIELD_CHARS = 100;

/**
 * The answer to a request that does not fit its route's schema: which fields, and what is wrong with each. zod's own
 * words name types, bounds and choices, and never the value; but the names of unknown keys are the client's, and are
 * left out.
 */
export function invalidRequest(
  problems: readonly FastifySchemaValidationError[],
  part: string | undefined,
): ApiError {
  const details = problems.slice(0, MAX_DETAILS).map(
    ({ instancePath, keyword, message }): ErrorDetail => ({
      in: part ?? 'body',
      field: instancePath.slice(1, 1 + MAX_FIELD_CHARS),
      problem: keyword === 'unrecognized_keys' ? 'has fields that are not known here' : (message ?? keyword),
    }),
  );
  return new ApiError('badRequest', { details });
}
