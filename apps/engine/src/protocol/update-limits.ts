/** What one update may hold. */
export type UpdateLimits = {
  readonly structs: number;
  /** Clients with structs, and as many again with deletes. Yjs' work on pending structs is quadratic in this. */
  readonly clients: number;
  readonly deleteRanges: number;
  /** Different root types that the update names; each costs memory in every replica for good. */
  readonly rootNames: number;
  readonly rootNameBytes: number;
  /** Of one struct: a text, a binary, a list of values. */
  readonly contentBytes: number;
  /**
   * Levels of shared types inside each other. Yjs deletes and collects them by recursion: about 2,500 levels
   * overflow the stack of every replica (measured with Yjs 13.6.33 on Node 24).
   */
  readonly typeDepth: number;
  /** Subdocuments; each is a whole `Y.Doc` in every replica. */
  readonly subdocuments: number;
};

/** Room for a large honest document in one piece; the size of the message itself is limited where it is received. */
export const DEFAULT_UPDATE_LIMITS: UpdateLimits = {
  structs: 1_000_000,
  clients: 10_000,
  deleteRanges: 500_000,
  rootNames: 1_000,
  rootNameBytes: 256,
  contentBytes: 16 * 1024 * 1024,
  typeDepth: 200,
  subdocuments: 1_000,
};

/**
 * How deep a value (JSON or lib0's "any") may nest. `readAny`, `writeAny` and `JSON.stringify` recurse, so a value
 * of a few thousand levels overflows the stack of whoever loads the document.
 */
export const MAX_VALUE_DEPTH = 100;

/** No clock may pass this. Yjs counts characters in clocks, so an honest client never comes near it. */
export const MAX_CLOCK = 2 ** 31;

/**
 * For bytes out of our own stores. What was accepted piece by piece may exceed as a whole what one message may hold;
 * its form is checked all the same.
 */
export const TRUSTED_UPDATE_LIMITS: UpdateLimits = {
  structs: Number.POSITIVE_INFINITY,
  clients: Number.POSITIVE_INFINITY,
  deleteRanges: Number.POSITIVE_INFINITY,
  rootNames: Number.POSITIVE_INFINITY,
  rootNameBytes: Number.POSITIVE_INFINITY,
  contentBytes: Number.POSITIVE_INFINITY,
  typeDepth: Number.POSITIVE_INFINITY,
  subdocuments: Number.POSITIVE_INFINITY,
};
