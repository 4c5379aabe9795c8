/** Every error the API answers with. The table is closed: a route names one of its rows. */
export const API_ERRORS = {
  badDocId: { status: 400, message: 'a document id is 1 to 64 of the characters A-Z a-z 0-9 _ -' },
  badRequest: { status: 400, message: 'the request was not understood' },
  unauthenticated: { status: 401, message: 'sign in, or send a valid token' },
  forbidden: { status: 403, message: 'this is not allowed' },
  notFound: { status: 404, message: 'there is nothing here' },
  notAcceptable: { status: 406, message: 'none of the offered formats is in the Accept header' },
  conflict: { status: 409, message: 'this exists already' },
  unsupportedMedia: { status: 415, message: 'the content type of the body is not one that this route takes' },
  tooLarge: { status: 413, message: 'the body is too large' },
  tooMany: { status: 429, message: 'too many requests, slow down' },
  internal: { status: 500, message: 'something went wrong here; the log of this node has the details' },
  draining: { status: 503, message: 'this node is restarting, try another one' },
  full: { status: 503, message: 'this node has as many connections as it takes, try another one' },
  logUnreachable: { status: 503, message: 'changes cannot be stored at the moment, try again later' },
} as const;

export type ApiErrorCode = keyof typeof API_ERRORS;

/** Thrown by a route or hook; the error handler answers with its row of the table. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  /** Read by Fastify. */
  readonly statusCode: number;

  constructor(code: ApiErrorCode, options?: ErrorOptions) {
    super(API_ERRORS[code].message, options);
    this.code = code;
    this.statusCode = API_ERRORS[code].status;
  }
}

/** The body of every error answer. */
export function errorBody(code: ApiErrorCode, message: string = API_ERRORS[code].message): object {
  return { error: { code, message } };
}

/** The row that stands for an HTTP status which Fastify itself decided. */
export function codeOfStatus(status: number): ApiErrorCode {
  const found = Object.entries(API_ERRORS).find(([, row]) => row.status === status);
  if (found) return found[0] as ApiErrorCode;
  return status >= 400 && status < 500 ? 'badRequest' : 'internal';
}
