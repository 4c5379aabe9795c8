import * as Y from 'yjs';
import { encodeStateVector, extendStateVector, type StateVector } from '../protocol/state-vector.ts';
import { checkUpdate } from '../protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '../protocol/update-limits.ts';
import type { FoldOutcome, RefusedUpdate } from './folder.ts';

/**
 * What {@link Folder.fold} does, on the thread that calls it: seconds of work where there is much to fold.
 *
 * Everything is applied in one transaction, because Yjs' cleaning up after each costs more than applying: 259,778
 * keystrokes take 0.4 s in one transaction (Yjs 13.6.33).
 */
export function foldUpdates(state: Uint8Array | null, updates: readonly Uint8Array[]): FoldOutcome {
  const refused = new Map<number, string>();
  updates.forEach((update, index) => {
    const reason = whyUnreadable(update);
    if (reason !== null) refused.set(index, reason);
  });
  const unreadable = state && whyUnreadable(state);
  if (unreadable) return { kind: 'unreadable', reason: `the stored snapshot cannot be read: ${unreadable}` };
  return foldReadable(state, updates, refused);
}

/** Folds without the updates in `refused`; one that cannot be applied is added there, and all begins again. */
function foldReadable(
  state: Uint8Array | null,
  updates: readonly Uint8Array[],
  refused: Map<number, string>,
): FoldOutcome {
  for (;;) {
    const attempt = applyAll(state, updates, refused);
    if (attempt.kind === 'refused') {
      if (attempt.index === STATE) return { kind: 'unreadable', reason: attempt.reason };
      refused.set(attempt.index, attempt.reason);
      continue;
    }
    const folded = Y.encodeStateAsUpdate(attempt.doc);
    attempt.doc.destroy();
    const reason = whyUnreadable(folded);
    if (reason !== null)
      return { kind: 'unreadable', reason: `what the fold gave cannot be read: ${reason}` };
    return { kind: 'folded', state: folded, stateVector: stateVectorOf(folded), refused: inOrder(refused) };
  }
}

const STATE = -1;
type Attempt =
  | { readonly kind: 'applied'; readonly doc: Y.Doc }
  | ({ readonly kind: 'refused' } & RefusedUpdate);

/** `applyUpdate` is not atomic: a document in which it threw holds half of the update and is thrown away. */
function applyAll(
  state: Uint8Array | null,
  updates: readonly Uint8Array[],
  leftOut: ReadonlyMap<number, string>,
): Attempt {
  const doc = new Y.Doc({ gc: true });
  let index = STATE;
  let isCleaningUp = false;
  try {
    doc.transact((transaction) => {
      if (state) Y.applyUpdate(doc, state);
      for (index = 0; index < updates.length; index++) {
        const update = updates[index];
        if (update && !leftOut.has(index)) Y.applyUpdate(doc, update);
      }
      isCleaningUp = true;
      // Yjs removes formatting that became superfluous after changes from elsewhere. Every client does so for itself;
      // a snapshot must hold what the log says and no deletes of its own.
      transaction.local = true;
    });
    return { kind: 'applied', doc };
  } catch (error) {
    doc.destroy();
    return isCleaningUp
      ? findCulprit(state, updates, leftOut, error)
      : { kind: 'refused', index, reason: messageOf(error) };
  }
}

/** The transaction failed when it was complete: apply each update in one of its own to see which it was. */
function findCulprit(
  state: Uint8Array | null,
  updates: readonly Uint8Array[],
  leftOut: ReadonlyMap<number, string>,
  failure: unknown,
): Attempt {
  const doc = new Y.Doc({ gc: true });
  let index = STATE;
  try {
    if (state) Y.applyUpdate(doc, state);
    for (index = 0; index < updates.length; index++) {
      const update = updates[index];
      if (update && !leftOut.has(index)) Y.applyUpdate(doc, update);
    }
  } catch (error) {
    doc.destroy();
    return { kind: 'refused', index, reason: messageOf(error) };
  }
  doc.destroy();
  return { kind: 'refused', index: STATE, reason: `the updates fail only together: ${messageOf(failure)}` };
}

/**
 * The encoded state vector of what `update` holds, pending structs that follow without a gap included: a document
 * that has them need not ask for them.
 *
 * Throws `UpdateRefused` when it cannot be read.
 */
export function stateVectorOf(update: Uint8Array): Uint8Array {
  const stateVector: StateVector = new Map();
  extendStateVector(stateVector, checkUpdate(update, TRUSTED_UPDATE_LIMITS));
  return encodeStateVector(stateVector);
}

function whyUnreadable(update: Uint8Array): string | null {
  try {
    checkUpdate(update, TRUSTED_UPDATE_LIMITS);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function inOrder(refused: ReadonlyMap<number, string>): RefusedUpdate[] {
  return [...refused].map(([index, reason]) => ({ index, reason })).sort((a, b) => a.index - b.index);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
