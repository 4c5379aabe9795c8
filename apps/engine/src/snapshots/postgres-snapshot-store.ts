import { type Kysely, sql } from 'kysely';
import type { Database } from '../database/schema.ts';
import { deadline } from '../lifecycle/deadline.ts';
import type { Position } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';
import { type Snapshot, type SnapshotStore, SnapshotsUnavailable } from './snapshot-store.ts';

/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;

/** Snapshots in PostgreSQL, or in the embedded database, which is served as one. */
export class PostgresSnapshotStore implements SnapshotStore {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async load(docId: DocId): Promise<Snapshot | null> {
    const row = await this.#guard('loading a snapshot', () =>
      this.#database
        .selectFrom('document_snapshots')
        .select(['epoch', 'seq', 'state', 'state_vector'])
        .where('doc_id', '=', docId)
        .executeTakeFirst(),
    );
    if (!row) return null;
    const { epoch, seq, state, state_vector: stateVector } = row;
    return { position: { epoch, seq }, state, stateVector };
  }

  async position(docId: DocId): Promise<Position | null> {
    const row = await this.#guard('reading the position of a snapshot', () =>
      this.#database
        .selectFrom('document_snapshots')
        .select(['epoch', 'seq'])
        .where('doc_id', '=', docId)
        .executeTakeFirst(),
    );
    return row ? { epoch: row.epoch, seq: row.seq } : null;
  }

  async commit(docId: DocId, { position: { epoch, seq }, state, stateVector }: Snapshot): Promise<boolean> {
    // One statement: the row is locked between comparing and writing, so two commits at once leave the newer (SNAP1).
    const result = await this.#guard('committing a snapshot', () =>
      sql`
        INSERT INTO document_snapshots AS stored (doc_id, epoch, seq, state, state_vector, updated_at)
        VALUES (${docId}, ${epoch}, ${seq}, ${bytea(state)}, ${bytea(stateVector)}, now())
        ON CONFLICT (doc_id) DO UPDATE
        SET epoch = excluded.epoch, seq = excluded.seq, state = excluded.state,
            state_vector = excluded.state_vector, updated_at = excluded.updated_at
        WHERE (stored.epoch, stored.seq) < (excluded.epoch, excluded.seq)
      `.execute(this.#database),
    );
    return result.numAffectedRows === 1n;
  }

  async #guard<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await deadline(run(), DEADLINE_MS, what);
    } catch (cause) {
      throw new SnapshotsUnavailable(`PostgreSQL failed at ${what}`, { cause });
    }
  }
}

/** `pg` sends a Buffer as it is and would write any other array as text; this one shares the bytes. */
function bytea(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
