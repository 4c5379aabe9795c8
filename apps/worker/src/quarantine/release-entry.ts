import type { QuarantinedItemWithBytes } from '@kryton/engine/compaction/quarantine.ts';
import { formatPosition, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { printable, timeOf } from './item-table.ts';
import { judgeUpdate } from './judge-update.ts';
import { type QuarantineParts, Refusal } from './quarantine-parts.ts';

/** The log may begin a new epoch between opening and appending; it does not do so five times in a row. */
const MAX_TRIES = 5;

/**
 * Appends the entry, or `repaired` in its place, to its document's log as any update is appended, if it passes, and
 * resolves with its new position.
 *
 * Never twice unnoticed: that the release begins is stored before, that it ended after, and a release that has begun is
 * begun again only with `isRepeated`.
 *
 * Throws a {@link Refusal}, or the error of the store that does not answer.
 */
export async function releaseEntry(
  parts: QuarantineParts,
  item: QuarantinedItemWithBytes,
  repaired: Uint8Array | null,
  isRepeated: boolean,
): Promise<Position> {
  const { quarantine } = parts;
  const { id, docId } = item;
  const bytes = repaired ?? item.bytes;
  if (bytes === null) throw new Refusal(`item ${id} has no bytes`);
  refuseRepetition(item, isRepeated);
  if (await quarantine.isSetAside(docId)) {
    throw new Refusal(
      `the document ${docId} is set aside as a whole: release that first, npm run quarantine -- release --doc ${docId}`,
    );
  }
  await refuseWhatDoesNotPass(parts, item, bytes, repaired !== null);
  if (!(await quarantine.beginRelease(id, isRepeated))) {
    throw new Refusal(`entry ${id} is being released by somebody else, or was discarded: look at show ${id}`);
  }
  const position = await append(parts, id, docId, bytes);
  try {
    await quarantine.endRelease(id, position);
  } catch (cause) {
    throw new Refusal(
      `entry ${id} was appended as ${formatPosition(position)}, and noting that failed: do not release it again, discard it (discard ${id} --yes)`,
      { cause },
    );
  }
  return position;
}

function refuseRepetition({ id, release }: QuarantinedItemWithBytes, isRepeated: boolean): void {
  if (release.kind === 'released') {
    throw new Refusal(
      `entry ${id} was released ${timeOf(release.at)} and appended as ${formatPosition(release.position)}: nothing was appended now`,
    );
  }
  if (release.kind === 'began' && !isRepeated) {
    throw new Refusal(
      `a release of entry ${id} began ${timeOf(release.at)} and its end is not known: it may be in the log. Yjs takes a second copy for what it is, so add --again to append it (once more)`,
    );
  }
}

async function refuseWhatDoesNotPass(
  parts: QuarantineParts,
  { id, docId }: QuarantinedItemWithBytes,
  bytes: Uint8Array,
  isRepaired: boolean,
): Promise<void> {
  const { guard, yjs } = await judgeUpdate(parts, docId, bytes);
  const [who, reason] = guard !== null ? ['the guard', guard] : ['Yjs', yjs];
  if (reason === null) return;
  const what = isRepaired ? 'the repaired bytes do' : 'it does';
  throw new Refusal(
    `entry ${id} is not released: ${what} not pass, ${who} says: ${printable(reason)}. Export it, repair it and release it --from file, or discard it`,
  );
}

async function append(
  parts: QuarantineParts,
  id: number,
  docId: DocId,
  bytes: Uint8Array,
): Promise<Position> {
  const { log, quarantine, snapshots } = parts;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const head = await snapshots
      .position(docId)
      .then((stored) => log.open(docId, stored ?? ORIGIN))
      .catch(async (error: unknown) => {
        await quarantine.abandonRelease(id);
        throw error;
      });
    try {
      const result = await log.append(docId, head.last, bytes);
      if (result.kind === 'appended') return result.position;
    } catch (cause) {
      const because = cause instanceof Error ? cause.message : String(cause);
      throw new Refusal(
        `whether entry ${id} was appended is not known (${because}): when the log answers again, release it with --again; Yjs takes a second copy for what it is`,
        { cause },
      );
    }
  }
  await quarantine.abandonRelease(id);
  throw new Refusal(
    `the log of ${docId} began anew ${MAX_TRIES} times while entry ${id} was appended: try again`,
  );
}
