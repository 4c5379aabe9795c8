import { comparePositions, formatPosition, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { printable } from './item-table.ts';
import type { QuarantineParts } from './quarantine-parts.ts';

const LOOK_EVERY_MS = 250;

/**
 * Asks for a fold and waits up to `waitMs` for what comes of it, in the operator's words. `upTo` is what the fold is
 * to cover. Resolves with whether it was covered and nothing was set aside again (by an item newer than `lastItem`).
 */
export async function foldAndWatch(
  parts: QuarantineParts,
  docId: DocId,
  upTo: Position,
  lastItem: number,
  waitMs: number,
): Promise<boolean> {
  const { snapshots, quarantine, timers, print, askForFold } = parts;
  await askForFold(docId);
  const until = timers.now() + waitMs;
  for (;;) {
    const stored = (await snapshots.position(docId)) ?? ORIGIN;
    // Asked after the snapshot: what a fold sets aside is noted before the commit that steps over it.
    const [newest] = await quarantine.list({ limit: 1, docId });
    if (newest && newest.id > lastItem) {
      const what = newest.kind === 'document' ? 'the document' : `entry ${formatPosition(newest.position)}`;
      print(`set aside again: ${what} (now item ${newest.id}), because ${printable(newest.reason)}`);
      return false;
    }
    if (comparePositions(stored, upTo) >= 0) {
      print(`folded: the snapshot of ${docId} reaches ${formatPosition(stored)}`);
      return true;
    }
    if (timers.now() >= until) break;
    await new Promise<void>((resolve) => {
      timers.after(LOOK_EVERY_MS, resolve);
    });
  }
  print(
    waitMs === 0
      ? `a fold of ${docId} is asked for`
      : `not folded within ${waitMs / 1_000} s: the fold is asked for and will come; is a worker running? Its log names ${docId}`,
  );
  return waitMs === 0;
}
