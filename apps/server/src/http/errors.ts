/** Every error the API answers with. The table is closed: a route names one of its rows. */
export const API_ERRORS = {
  badDocId: { status: 400, message: 'a document id is 1 to 64 of the characters A-Z a-z 0-9 _ -' },
  badRequest: { status: 400, message: 'the request was not understood' },
  unauthenticated: { status: 401, message: 'sign in, or send a valid token' },
  forbidden: { status: 403, message: 'this is not allowed' },
  notFound: { status: 404, message: 'there is nothing here' },
  notAcceptable: { status: 406, message: 'none of the offered formats is in the Accept header' },
  timeout: { status: 408, message: 'the request did not arrive in time' },
  conflict: { status: 409, message: 'this exists already' },
  tooLarge: { status: 413, message: 'the body is too large' },
  unsupportedMedia: { status: 415, message: 'the content type of the body is not one that this route takes' },
  upgradeRequired: { status: 426, message: 'this address is for WebSockets: connect with one' },
  tooMany: { status: 429, message: 'too many requests, slow down' },
  headersTooLarge: { status: 431, message: 'the headers are too large' },
  internal: { status: 500, message: 'something went wrong here; the log of this node has the details' },
  draining: { status: 503, message: 'this node is restarting, try another one' },
  full: { status: 503, message: 'this node has as many connections as it takes, try another one' },
  overloaded: { status: 503, message: 'this node is overloaded, try another one' },
  switchedOff: {
    status: 503,
    message: 'this part of the node was switched off after repeated faults, try another node',
  },
  logUnreachable: { status: 503, message: 'changes cannot be stored at the moment, try again later' },
  unavailable: {
    status: 503,
    message: 'a part of the server does not answer at the moment, try again later',
  },
} as const;

export type ApiErrorCode = keyof typeof API_ERRORS;

/** One thing that is wrong with a request. It never holds the value that was sent: that may be a secret. */
export type ErrorDetail = {
  /** The part of the request: `body`, `params`, `querystring` or `headers`. */
  readonly in: string;
  /** The field within it, as a path like `scopes/0`; empty for the part as a whole. */
  readonly field: string;
  readonly problem: string;
};

export type ApiErrorOptions = ErrorOptions & {
  /** Says more than the row's own message. Shown to the client. */
  readonly message?: string;
  readonly details?: readonly ErrorDetail[];
  /** Sent as Retry-After, in s. */
  readonly retryAfterS?: number;
};

/** Thrown by a route or hook; the error handler answers with its row of the table. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  /** Read by Fastify. */
  readonly statusCode: number;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ApiErrorCode, { message, details, retryAfterS, ...options }: ApiErrorOptions = {}) {
    super(message ?? API_ERRORS[code].message, options);
    this.code = code;
    this.statusCode = API_ERRORS[code].status;
    this.details = details;
    this.retryAfterS = retryAfterS;
  }
}

/** The body of every error answer. */
export type ErrorBody = {
  readonly error: {
    readonly code: ApiErrorCode;
    readonly message: string;
    readonly details?: readonly ErrorDetail[];
  };
};

/** The body that says `code`. */
export function errorBody(
  code: ApiErrorCode,
  message: string = API_ERRORS[code].message,
  details?: readonly ErrorDetail[],
): ErrorBody {
  return { error: { code, message, ...(details && { details }) } };
}

/** The row that stands for an HTTP status which Fastify itself decided. */
export function codeOfStatus(status: number): ApiErrorCode {
  if (status < 400 || status >= 500) return 'internal';
  // 400 has two rows, and only one of them is about anything.
  if (status === 400) return 'badRequest';
  const found = Object.entries(API_ERRORS).find(([, row]) => row.status === status);
  return found ? (found[0] as ApiErrorCode) : 'badRequest';
}

/**
 * What a part that was asked outside of this process says when it does not answer: 503, the reason stays in the log.
 * An `ApiError` is passed on.
 */
export function unavailable(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('unavailable', { cause: error });
}
