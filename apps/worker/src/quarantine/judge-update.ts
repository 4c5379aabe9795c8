import { FoldFailed } from '@kryton/engine/compaction/folder.ts';
import { readBacklog } from '@kryton/engine/compaction/read-backlog.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { UpdateRefused } from '@kryton/engine/protocol/update-refused.ts';
import type { QuarantineParts } from './quarantine-parts.ts';

/** What is read of a document to judge an update with; a pass of a fold reads as much. */
const BACKLOG_BYTES = 64 * 1024 * 1024;

/** Null where it passes, else why not. */
export type Verdicts = { readonly guard: string | null; readonly yjs: string | null };

/**
 * Whether `bytes` would be accepted now: by the guard, as from any client, and by Yjs together with everything their
 * document holds, as a fold applies them. Both work in a thread: what was set aside may take long or need too much.
 *
 * Rejects with the error of the store that does not answer.
 */
export async function judgeUpdate(
  parts: Pick<QuarantineParts, 'log' | 'snapshots' | 'heavy'>,
  docId: DocId,
  bytes: Uint8Array,
): Promise<Verdicts> {
  return { guard: await askGuard(parts, bytes), yjs: await askYjs(parts, docId, bytes) };
}

async function askGuard(
  { heavy }: Pick<QuarantineParts, 'heavy'>,
  bytes: Uint8Array,
): Promise<string | null> {
  try {
    await heavy.check(bytes);
    return null;
  } catch (error) {
    if (error instanceof UpdateRefused) return `${error.message} (${error.code})`;
    return error instanceof Error ? error.message : String(error);
  }
}

async function askYjs(
  parts: Pick<QuarantineParts, 'log' | 'snapshots' | 'heavy'>,
  docId: DocId,
  bytes: Uint8Array,
): Promise<string | null> {
  try {
    const backlog = await readBacklog(parts, docId, BACKLOG_BYTES);
    const snapshot = backlog ? backlog.snapshot : await parts.snapshots.load(docId);
    const updates = [...(backlog?.entries ?? []).map(({ update }) => update), bytes];
    const folded = await parts.heavy.fold(snapshot?.state ?? null, updates);
    if (folded.kind === 'unreadable') return `together with its document: ${folded.reason}`;
    return folded.refused.find(({ index }) => index === updates.length - 1)?.reason ?? null;
  } catch (error) {
    if (error instanceof FoldFailed) return error.message;
    throw error;
  }
}
