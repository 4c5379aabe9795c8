/** What the host gives its thread at the start. */
export type PgliteThreadData = {
  /** The directory of the database, or null for one in memory. */
  readonly directory: string | null;
  readonly socketPath: string;
  readonly maxConnections: number;
  readonly idleInTransactionMs: number;
};

/** What the thread says. */
export type PgliteReport =
  | { readonly kind: 'ready' }
  /** It did not start, or broke down; nothing works any more. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'stopped' };

/** The only thing the host says: finish, write everything out, end. */
export const STOP = 'stop';
