import { type Kysely, sql } from 'kysely';
import { deletedWithin } from '../database/deleted-documents.ts';
import type { Database } from '../database/schema.ts';
import { deadline } from '../lifecycle/deadline.ts';
import type { Position } from '../log/position.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { LoadQueue } from './load-queue.ts';
import { type Snapshot, type SnapshotStore, SnapshotsUnavailable } from './snapshot-store.ts';

/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;

/**
 * A state is read in pieces of this size. `pg` decodes a value from its text form (hex) in one go: 5 MB at once stop
 * the event loop for 10 to 20 ms, a piece for less than 2, and between pieces sockets are served. PostgreSQL stores
 * the column so that a piece is found without reading what lies before it (STORAGE EXTERNAL in the migrations).
 */
const PIECE_BYTES = 512 * 1024;

/** Larger states are not read together with others: a hundred of these are 1.6 MB. */
const SMALL_BYTES = 16 * 1024;

/** `state` and `state_vector` of a small state only. */
type SmallRow = {
  readonly doc_id: DocId;
  readonly epoch: number;
  readonly seq: number;
  readonly state: Buffer | null;
  readonly state_vector: Buffer | null;
};

type PieceRow = {
  readonly epoch: number;
  readonly seq: number;
  /** Of the whole state. */
  readonly length: number;
  /** Counted from 0. */
  readonly piece: number;
  readonly bytes: Buffer;
  /** With piece 0 only. */
  readonly state_vector: Buffer | null;
};

/** Snapshots in PostgreSQL, or in the embedded database, which is served as one. */
export class PostgresSnapshotStore implements SnapshotStore {
  readonly #database: Kysely<Database>;
  /** A thousand documents that are opened together cost some ten statements. */
  readonly #small = new LoadQueue<DocId, SmallRow>((docIds) => this.#loadSmall(docIds));

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async load(docId: DocId): Promise<Snapshot | null> {
    const row = await this.#small.load(docId);
    if (row === null) return null;
    const { epoch, seq, state, state_vector } = row;
    if (state === null || state_vector === null) return await this.#loadLarge(docId);
    return { position: { epoch, seq }, state: ownBytes(state), stateVector: ownBytes(state_vector) };
  }

  async #loadSmall(docIds: readonly DocId[]): Promise<ReadonlyMap<DocId, SmallRow>> {
    const { rows } = await this.#guard('loading a snapshot', () =>
      sql<SmallRow>`
        SELECT doc_id, epoch, seq,
          CASE WHEN octet_length(state) <= ${SMALL_BYTES}::int THEN state END AS state,
          CASE WHEN octet_length(state) <= ${SMALL_BYTES}::int THEN state_vector END AS state_vector
        FROM document_snapshots
        WHERE doc_id = ANY(${docIds})
      `.execute(this.#database),
    );
    return new Map(rows.map((row) => [row.doc_id, row]));
  }

  async #loadLarge(docId: DocId): Promise<Snapshot | null> {
    const { rows } = await this.#guard('loading a snapshot', () =>
      sql<PieceRow>`
        SELECT epoch, seq, octet_length(state) AS length, piece,
          substr(state, 1 + piece * ${PIECE_BYTES}::int, ${PIECE_BYTES}::int) AS bytes,
          CASE WHEN piece = 0 THEN state_vector END AS state_vector
        FROM document_snapshots,
          generate_series(0, greatest(octet_length(state) - 1, 0) / ${PIECE_BYTES}::int) AS piece
        WHERE doc_id = ${docId}
      `.execute(this.#database),
    );
    return rows[0] === undefined ? null : joinPieces(rows[0], rows);
  }

  async position(docId: DocId): Promise<Position | null> {
    return (await this.positions([docId]))[0] ?? null;
  }

  async positions(docIds: readonly DocId[]): Promise<(Position | null)[]> {
    const { rows } = await this.#guard('reading the positions of snapshots', () =>
      sql<{ doc_id: DocId } & Position>`
        SELECT doc_id, epoch, seq FROM document_snapshots WHERE doc_id = ANY(${docIds})
      `.execute(this.#database),
    );
    const stored = new Map(rows.map(({ doc_id, epoch, seq }) => [doc_id, { epoch, seq }]));
    return docIds.map((docId) => stored.get(docId) ?? null);
  }

  async commit(docId: DocId, { position: { epoch, seq }, state, stateVector }: Snapshot): Promise<boolean> {
    // One statement: the row is locked between comparing and writing, so two commits at once leave the newer (SNAP1).
    // And the document's own row is locked against being marked as deleted meanwhile: whoever marks it waits until the
    // snapshot is there to be removed, or is seen here.
    const result = await this.#guard('committing a snapshot', () =>
      sql`
        WITH document AS MATERIALIZED (SELECT deleted_at FROM documents WHERE id = ${docId} FOR SHARE)
        INSERT INTO document_snapshots AS stored (doc_id, epoch, seq, state, state_vector, updated_at)
        SELECT ${docId}, ${epoch}::bigint, ${seq}::bigint, ${bytea(state)}::bytea, ${bytea(stateVector)}::bytea, now()
        WHERE NOT EXISTS (SELECT FROM document WHERE deleted_at IS NOT NULL)
        ON CONFLICT (doc_id) DO UPDATE
        SET epoch = excluded.epoch, seq = excluded.seq, state = excluded.state,
            state_vector = excluded.state_vector, updated_at = excluded.updated_at
        WHERE (stored.epoch, stored.seq) < (excluded.epoch, excluded.seq)
      `.execute(this.#database),
    );
    return result.numAffectedRows === 1n;
  }

  async isDeleted(docId: DocId): Promise<boolean> {
    const row = await this.#guard('asking whether a document is deleted', () =>
      this.#database
        .selectFrom('documents')
        .select('id')
        .where('id', '=', docId)
        .where('deleted_at', 'is not', null)
        .executeTakeFirst(),
    );
    return row !== undefined;
  }

  async remove(docId: DocId): Promise<void> {
    await this.#guard('removing a snapshot', () =>
      this.#database.deleteFrom('document_snapshots').where('doc_id', '=', docId).execute(),
    );
  }

  async remainsOfDeleted(withinMs: number): Promise<DocId[]> {
    const rows = await this.#guard('looking for what is left of deleted documents', () =>
      deletedWithin(this.#database, withinMs)
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('document_snapshots').select('epoch').whereRef('doc_id', '=', 'documents.id')),
        )
        .execute(),
    );
    return rows.flatMap(({ id }) => parseDocId(id) ?? []);
  }

  async #guard<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await deadline(run(), DEADLINE_MS, what);
    } catch (cause) {
      throw new SnapshotsUnavailable(`PostgreSQL failed at ${what}`, { cause });
    }
  }
}

function joinPieces(first: PieceRow, rows: readonly PieceRow[]): Snapshot {
  const state = Buffer.allocUnsafeSlow(first.length);
  let stateVector: Uint8Array = new Uint8Array();
  for (const { piece, bytes, state_vector } of rows) {
    bytes.copy(state, piece * PIECE_BYTES);
    if (state_vector !== null) stateVector = state_vector;
  }
  return { position: { epoch: first.epoch, seq: first.seq }, state, stateVector };
}

/** A copy: `pg` cuts small values from a shared piece of memory, which a cache would keep alive. */
function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** `pg` sends a Buffer as it is and would write any other array as text; this one shares the bytes. */
function bytea(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
