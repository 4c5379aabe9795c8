import type { ColumnType, Generated } from 'kysely';
import type { AccountTables } from './account-schema.ts';

/**
 * The tables as Kysely types. `bigint` columns are JS numbers here: epochs are clock values in ms and sequence numbers
 * are counted up from 1, so both stay below 2^53 (`value-types.ts` refuses anything larger). `bytea` columns must be
 * written as a Buffer: `pg` would write any other array as text.
 */
export type Database = AccountTables & {
  readonly document_snapshots: DocumentSnapshots;
  readonly log_entries: LogEntries;
  readonly log_heads: LogHeads;
  readonly quarantine: Quarantine;
};

/** The newest snapshot of each document (SNAP1). */
export type DocumentSnapshots = {
  readonly doc_id: string;
  readonly epoch: number;
  readonly seq: number;
  /** A Yjs v1 update that holds the whole document. */
  readonly state: Uint8Array;
  readonly state_vector: Uint8Array;
  readonly updated_at: Generated<Date>;
};

/** The log of embedded mode; in a cluster it lives in Redis and these two tables stay empty. */
export type LogEntries = {
  readonly doc_id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly update: Uint8Array;
  /** When it was appended, ms since 1970. */
  readonly at_ms: number;
};

export type LogHeads = {
  readonly doc_id: string;
  readonly epoch: number;
  /** 0 when the epoch has no entry yet. */
  readonly last_seq: number;
  readonly covered_epoch: number | null;
  readonly covered_seq: number | null;
};

/** What was set aside so that it stops nobody else (LOG9). */
export type Quarantine = {
  readonly id: Generated<number>;
  readonly doc_id: string;
  readonly epoch: number;
  /** Null where not one entry but the whole document is meant. */
  readonly seq: number | null;
  /** What was set aside: `entry` or `document`. */
  readonly kind: string;
  readonly reason: string;
  readonly bytes: Uint8Array | null;
  readonly created_at: Generated<Date>;
  /** Set before the entry is appended again, so that nobody else does the same. */
  readonly release_began_at: Later<Date>;
  /** Set after it was appended, with the position that it has now. */
  readonly released_at: Later<Date>;
  readonly released_epoch: Later<number>;
  readonly released_seq: Later<number>;
};

/** Null until it is known. */
type Later<Value> = ColumnType<Value | null, Value | null | undefined, Value | null>;
