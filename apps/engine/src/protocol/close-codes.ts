/** How a socket's end reads in the log: `info` is ordinary life, `warn` is worth a look. */
export type CloseLogLevel = 'info' | 'warn' | 'error';

export type CloseCode = {
  /** The WebSocket close code (RFC 6455 section 7.4; 4000 to 4999 are private use). */
  readonly code: number;
  /** Sent with the code: at most 123 bytes, for people. */
  readonly reason: string;
  /** Whether a stock y-websocket 3 client comes back by itself: it stops on 4400 to 4499 only. */
  readonly stockClientReconnects: boolean;
  readonly logLevel: CloseLogLevel;
};

/**
 * Every way in which the server ends a socket. The table is closed: code that closes a socket names one of its rows,
 * and what is decided before the upgrade is answered in HTTP instead.
 */
export const CLOSE_CODES = {
  draining: {
    code: 1012,
    reason: 'this node is restarting, connect again',
    stockClientReconnects: true,
    logLevel: 'info',
  },
  rebalanced: {
    code: 1012,
    reason: 'connected for long enough here, connect again',
    stockClientReconnects: true,
    logLevel: 'info',
  },
  overloaded: {
    code: 1013,
    reason: 'this node is overloaded, try again later',
    stockClientReconnects: true,
    logLevel: 'warn',
  },
  logUnreachable: {
    code: 4503,
    reason: 'changes cannot be stored at the moment, try again later',
    stockClientReconnects: true,
    logLevel: 'error',
  },
  tooFast: {
    code: 4529,
    reason: 'too many messages, slow down',
    stockClientReconnects: true,
    logLevel: 'warn',
  },
  malformed: {
    code: 4400,
    reason: 'the message was not understood',
    stockClientReconnects: false,
    logLevel: 'warn',
  },
  sessionEnded: {
    code: 4401,
    reason: 'the session or token has ended, sign in again',
    stockClientReconnects: false,
    logLevel: 'info',
  },
  grantRemoved: {
    code: 4403,
    reason: 'access to this document was removed',
    stockClientReconnects: false,
    logLevel: 'info',
  },
  documentDeleted: {
    code: 4404,
    reason: 'this document was deleted',
    stockClientReconnects: false,
    logLevel: 'info',
  },
  tooLarge: {
    code: 4413,
    reason: 'the message or the document is too large',
    stockClientReconnects: false,
    logLevel: 'warn',
  },
} as const satisfies Record<string, CloseCode>;

export type CloseKind = keyof typeof CLOSE_CODES;

/** The row of `code`, for clients that show why they stopped; undefined for a code that is not ours. */
export function closeCodeOf(code: number): CloseCode | undefined {
  return Object.values(CLOSE_CODES).find((row) => row.code === code);
}
