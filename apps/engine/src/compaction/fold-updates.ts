import * as Y from 'yjs';
import { mergeMany } from '../protocol/merge-updates.ts';
import { newPart } from '../protocol/new-part.ts';
import { encodeStateVector, extendStateVector, type StateVector } from '../protocol/state-vector.ts';
import { type CheckedUpdate, checkUpdate } from '../protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '../protocol/update-limits.ts';
import type { FoldOutcome, RefusedUpdate } from './folder.ts';

/**
 * What {@link Folder.fold} does, on the thread that calls it: seconds of work where there is much to fold.
 *
 * Many updates are applied in one transaction, because Yjs' cleaning up after each costs more than applying, and not all
 * in one, because it then closes each hole that a delete leaves in an array of all structs: 259,778 keystrokes of a real
 * paper take 1.4 s in one transaction and 0.8 s in many (Yjs 13.6.33). Of each update only its new part is applied (`newPart`): what
 * somebody tells otherwise later would make Yjs throw at it, or at an honest update behind it.
 */
export function foldUpdates(state: Uint8Array | null, updates: readonly Uint8Array[]): FoldOutcome {
  const held = state && readable(state);
  if (typeof held === 'string')
    return { kind: 'unreadable', reason: `the stored snapshot cannot be read: ${held}` };
  const refused = new Map<number, string>();
  for (;;) {
    const parts = readNewParts(held, updates, refused);
    const attempt = applyAll(state, parts);
    if (attempt.kind === 'applied') return outcomeOf(attempt.doc, refused);
    const merged = applyMerged(state, parts);
    if (merged) return outcomeOf(merged, refused);
    if (attempt.index === STATE) return { kind: 'unreadable', reason: attempt.reason };
    refused.set(attempt.index, attempt.reason);
  }
}

/**
 * What each update brings on top of `held` and those before it; null for those in `refused`, to which the unreadable
 * ones are added.
 */
function readNewParts(
  held: CheckedUpdate | null,
  updates: readonly Uint8Array[],
  refused: Map<number, string>,
): (Uint8Array | null)[] {
  const known: StateVector = new Map();
  if (held) extendStateVector(known, held);
  return updates.map((update, index) => {
    if (refused.has(index)) return null;
    const checked = readable(update);
    if (typeof checked === 'string') {
      refused.set(index, checked);
      return null;
    }
    const part = newPart(checked, known);
    extendStateVector(known, part);
    return part.bytes;
  });
}

function outcomeOf(doc: Y.Doc, refused: ReadonlyMap<number, string>): FoldOutcome {
  const folded = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  const checked = readable(folded);
  if (typeof checked === 'string')
    return { kind: 'unreadable', reason: `what the fold gave cannot be read: ${checked}` };
  return { kind: 'folded', state: folded, stateVector: stateVectorOf(folded), refused: inOrder(refused) };
}

const STATE = -1;
/** Updates in one transaction; 200 to 1,000 make no difference. */
const TRANSACTION_UPDATES = 500;
type Attempt =
  | { readonly kind: 'applied'; readonly doc: Y.Doc }
  | ({ readonly kind: 'refused' } & RefusedUpdate);

/** `applyUpdate` is not atomic: a document in which it threw holds half of the update and is thrown away. */
function applyAll(state: Uint8Array | null, updates: readonly (Uint8Array | null)[]): Attempt {
  const doc = new Y.Doc({ gc: true });
  let index = STATE;
  let isCleaningUp = false;
  const inOneTransaction = (apply: () => void): void => {
    isCleaningUp = false;
    doc.transact((transaction) => {
      apply();
      isCleaningUp = true;
      // Yjs removes formatting that became superfluous after changes from elsewhere. Every client does so for itself;
      // a snapshot must hold what the log says and no deletes of its own.
      transaction.local = true;
    });
  };
  try {
    if (state) inOneTransaction(() => Y.applyUpdate(doc, state));
    for (let start = 0; start < updates.length; start += TRANSACTION_UPDATES) {
      const end = Math.min(start + TRANSACTION_UPDATES, updates.length);
      inOneTransaction(() => {
        for (index = start; index < end; index++) {
          const update = updates[index];
          if (update) Y.applyUpdate(doc, update);
        }
      });
    }
    return { kind: 'applied', doc };
  } catch (error) {
    doc.destroy();
    return isCleaningUp
      ? findCulprit(state, updates, error)
      : { kind: 'refused', index, reason: messageOf(error) };
  }
}

/**
 * The transaction failed when it was complete: apply each update in one of its own to see which it was. When none fails
 * so, the document that came about is taken, if others can load it.
 */
function findCulprit(
  state: Uint8Array | null,
  updates: readonly (Uint8Array | null)[],
  failure: unknown,
): Attempt {
  const doc = new Y.Doc({ gc: true });
  let index = STATE;
  try {
    if (state) Y.applyUpdate(doc, state);
    for (index = 0; index < updates.length; index++) {
      const update = updates[index];
      if (update) Y.applyUpdate(doc, update);
    }
  } catch (error) {
    doc.destroy();
    return { kind: 'refused', index, reason: messageOf(error) };
  }
  if (loads(doc)) return { kind: 'applied', doc };
  doc.destroy();
  return { kind: 'refused', index: lastThatLoads(state, updates) + 1, reason: messageOf(failure) };
}

/** Whether the state of `doc` can be applied to an empty document, as every newcomer does. */
function loads(doc: Y.Doc): boolean {
  const copy = new Y.Doc({ gc: true });
  try {
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    return true;
  } catch {
    return false;
  } finally {
    copy.destroy();
  }
}

/** By halves: the index of the last update up to which the document can be loaded; -1 when not even one is left. */
function lastThatLoads(state: Uint8Array | null, updates: readonly (Uint8Array | null)[]): number {
  let [good, bad] = [STATE, updates.length - 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const doc = new Y.Doc({ gc: true });
    if (state) Y.applyUpdate(doc, state);
    for (const update of updates.slice(0, middle + 1)) if (update) Y.applyUpdate(doc, update);
    if (loads(doc)) good = middle;
    else bad = middle;
    doc.destroy();
  }
  return good;
}

/**
 * Two accounts of clocks behind a gap can still make Yjs throw, and at an innocent update: the one that closes the gap.
 * Merged beforehand each clock has one account. Null when that cannot be applied either.
 */
function applyMerged(state: Uint8Array | null, updates: readonly (Uint8Array | null)[]): Y.Doc | null {
  const doc = new Y.Doc({ gc: true });
  try {
    const merged = mergeMany([state, ...updates].filter((update) => update !== null));
    doc.transact((transaction) => {
      Y.applyUpdate(doc, merged);
      transaction.local = true;
    });
    return doc;
  } catch {
    doc.destroy();
    return null;
  }
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

/** What an update holds, or why it cannot be read. */
function readable(update: Uint8Array): CheckedUpdate | string {
  try {
    return checkUpdate(update, TRUSTED_UPDATE_LIMITS);
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
