import type { Selectable } from 'kysely';
import type { Quarantine as Row } from '../database/schema.ts';
import { parseDocId } from '../protocol/ids.ts';
import type { QuarantinedItem, ReleaseState } from './quarantine.ts';

/** Everything but the bytes, which may be large. */
export const ROW_COLUMNS = [
  'id',
  'doc_id',
  'epoch',
  'seq',
  'kind',
  'reason',
  'created_at',
  'release_began_at',
  'released_at',
  'released_epoch',
  'released_seq',
] as const;

type ItemRow = Pick<Selectable<Row>, (typeof ROW_COLUMNS)[number]> & { readonly size: number };

/** The item that a row of the table holds; null for one that names no document. */
export function itemOf(row: ItemRow): QuarantinedItem | null {
  const docId = parseDocId(row.doc_id);
  if (docId === null) return null;
  return {
    id: row.id,
    kind: row.kind === 'entry' ? 'entry' : 'document',
    docId,
    position: { epoch: row.epoch, seq: row.seq ?? 0 },
    reason: row.reason,
    sizeBytes: row.size,
    at: row.created_at,
    release: releaseOf(row),
  };
}

function releaseOf({ release_began_at, released_at, released_epoch, released_seq }: ItemRow): ReleaseState {
  if (released_at !== null) {
    const position = { epoch: released_epoch ?? 0, seq: released_seq ?? 0 };
    return { kind: 'released', at: released_at, position };
  }
  return release_began_at === null ? { kind: 'none' } : { kind: 'began', at: release_began_at };
}
