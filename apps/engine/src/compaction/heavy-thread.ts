/** The thread of `heavy-work.ts`: each export is a task that it can be given by name. */
import { setPriority } from 'node:os';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { diffUpdate } from 'yjs';
import { mergeMany } from '../protocol/merge-updates.ts';
import { newParts } from '../protocol/new-part.ts';
import { addDeletes, type DeletedRanges } from '../protocol/state-vector.ts';
import { checkUpdate } from '../protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '../protocol/update-limits.ts';
import { UpdateRefused } from '../protocol/update-refused.ts';
import * as folding from './fold-updates.ts';
import type { CheckAnswer, FoldTask } from './heavy-tasks.ts';
import { type PackedUpdates, unpackUpdates } from './packed-updates.ts';
import { renderJson, renderText } from './render-document.ts';

/**
 * The event loop goes first where cores are few: nobody waits for a merge as they wait for their keystroke (ROOM5).
 * On Linux a priority belongs to the thread that asks for it, 0; elsewhere to the whole process, so it is left alone.
 */
const LOWER_PRIORITY = 10;
if (process.platform === 'linux') setPriority(0, LOWER_PRIORITY);

export function fold({ state, updates }: FoldTask): unknown {
  const outcome = folding.foldUpdates(state, unpackUpdates(updates));
  if (outcome.kind !== 'folded') return outcome;
  return transferred(outcome, [outcome.state, outcome.stateVector]);
}

export function diff({ update, stateVector }: { update: Uint8Array; stateVector: Uint8Array }): unknown {
  const difference = diffUpdate(update, stateVector);
  return transferred(difference, [difference]);
}

export function mergeAll(updates: PackedUpdates): unknown {
  // In their order, so that whoever loads a document has what those have who saw it grow.
  const merged = mergeMany(newParts(unpackUpdates(updates)));
  return transferred(merged, [merged]);
}

export function stateVectorOf(update: Uint8Array): Uint8Array {
  return folding.stateVectorOf(update);
}

export function deletedRanges(update: Uint8Array): DeletedRanges {
  const ranges: DeletedRanges = new Map();
  addDeletes(ranges, checkUpdate(update, TRUSTED_UPDATE_LIMITS).deleteSet);
  return ranges;
}

/** An error loses its class on the way between threads, so a refusal travels as data. */
export function check(update: Uint8Array): CheckAnswer {
  try {
    checkUpdate(update);
    return null;
  } catch (error) {
    if (error instanceof UpdateRefused) return { code: error.code, message: error.message };
    throw error;
  }
}

export function jsonOf(update: Uint8Array): unknown {
  return inUtf8(renderJson(update));
}

export function textOf({ update, root }: { update: Uint8Array; root: string }): unknown {
  return inUtf8(renderText(update, root));
}

function inUtf8(text: string): unknown {
  const bytes = new TextEncoder().encode(text);
  return transferred(bytes, [bytes]);
}

/** Hands over the memory of `arrays` with `value`; an array that is a view on more memory is copied as usual. */
function transferred(value: object, arrays: readonly Uint8Array[]): unknown {
  const owned = arrays.filter(({ buffer, byteLength }) => buffer.byteLength === byteLength);
  const buffers = [...new Set(owned.map(({ buffer }) => buffer))];
  return move({ [transferableSymbol]: buffers, [valueSymbol]: value });
}
