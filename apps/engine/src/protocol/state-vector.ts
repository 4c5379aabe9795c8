import * as encoding from 'lib0/encoding';
import { readStateVector } from './state-vector-reader.ts';
import type { CheckedUpdate, DeleteRange, DeleteSet } from './update-guard.ts';

/** For each client the clock up to which all of its structs are there; a client that is not in it stands at 0. */
export type StateVector = Map<number, number>;

/**
 * Reads a state vector of our own, of any size; `checkStateVector` is for those of strangers. Throws `UpdateRefused`
 * when it is damaged.
 */
export function decodeStateVector(bytes: Uint8Array): StateVector {
  return readStateVector(bytes, Number.MAX_SAFE_INTEGER);
}

/** The form in which Yjs writes it: the highest client first. */
export function encodeStateVector(stateVector: ReadonlyMap<number, number>): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, stateVector.size);
  for (const [client, clock] of [...stateVector].sort((a, b) => b[0] - a[0])) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
  }
  return encoding.toUint8Array(encoder);
}

/**
 * Advances `stateVector` over what an update brings. A run that starts behind a gap does not count: its client stays
 * where it is, so that the sender of the missing part is asked for it (WIRE2) and nothing in between is lost.
 */
export function extendStateVector(stateVector: StateVector, { runs }: Pick<CheckedUpdate, 'runs'>): void {
  for (const { client, clock, length } of runs) {
    const known = stateVector.get(client) ?? 0;
    if (clock <= known && clock + length > known) stateVector.set(client, clock + length);
  }
}

/** Raises every client of `target` to where it stands in `other`. */
export function mergeInto(target: StateVector, other: ReadonlyMap<number, number>): void {
  for (const [client, clock] of other) {
    if (clock > (target.get(client) ?? 0)) target.set(client, clock);
  }
}

/** Lowers every client of `target` to where it stands in `other`: what both have. */
export function lowerTo(target: StateVector, other: ReadonlyMap<number, number>): void {
  for (const [client, clock] of target) {
    const its = other.get(client) ?? 0;
    if (its < clock) target.set(client, its);
  }
}

/** What is deleted of each client: ranges in clock order that neither overlap nor touch. */
export type DeletedRanges = Map<number, DeleteRange[]>;

/** Up to so many new ranges of a client are put in one by one; above, both lists are merged in one pass. */
const FEW_RANGES = 8;

/** Adds the deletes of a checked update. */
export function addDeletes(ranges: DeletedRanges, deleteSet: DeleteSet): void {
  for (const [client, added] of deleteSet) {
    const known = ranges.get(client);
    if (known && added.length <= FEW_RANGES) {
      for (const range of added) insert(known, range);
    } else if (added.length > 0) {
      ranges.set(client, mergeSorted(known ?? [], added));
    }
  }
}

/**
 * WIRE6: whether everything in the update is known already: each struct within the state vector, each deleted range
 * within `ranges`. Such an update need not be appended, whoever sends it and however often.
 */
export function bringsNothingNew(
  { runs, deleteSet }: Pick<CheckedUpdate, 'runs' | 'deleteSet'>,
  stateVector: ReadonlyMap<number, number>,
  ranges: DeletedRanges,
): boolean {
  for (const { client, clock, length } of runs) {
    if (clock + length > (stateVector.get(client) ?? 0)) return false;
  }
  for (const [client, deleted] of deleteSet) {
    const known = ranges.get(client) ?? [];
    if (!deleted.every((range) => contains(known, range))) return false;
  }
  return true;
}

function contains(known: readonly DeleteRange[], [clock, length]: DeleteRange): boolean {
  const candidate = known[firstEndingAfter(known, clock)];
  return candidate !== undefined && candidate[0] <= clock && candidate[0] + candidate[1] >= clock + length;
}

/** The index of the first range whose end lies behind `clock`; `known.length` when there is none. */
function firstEndingAfter(known: readonly DeleteRange[], clock: number): number {
  let low = 0;
  let high = known.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = known[middle];
    if (range !== undefined && range[0] + range[1] <= clock) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(known: DeleteRange[], [clock, length]: DeleteRange): void {
  // One less, so that a range that ends exactly where the new one begins is joined with it.
  const first = firstEndingAfter(known, clock - 1);
  let start = clock;
  let end = clock + length;
  let next = first;
  for (let range = known[next]; range !== undefined && range[0] <= end; range = known[++next]) {
    start = Math.min(start, range[0]);
    end = Math.max(end, range[0] + range[1]);
  }
  known.splice(first, next - first, [start, end - start]);
}

function mergeSorted(left: readonly DeleteRange[], right: readonly DeleteRange[]): DeleteRange[] {
  const merged: DeleteRange[] = [];
  let leftAt = 0;
  let rightAt = 0;
  let start = -1;
  let end = -1;
  while (leftAt < left.length || rightAt < right.length) {
    const a = left[leftAt];
    const b = right[rightAt];
    const takesLeft = b === undefined || (a !== undefined && a[0] <= b[0]);
    const range = takesLeft ? a : b;
    if (range === undefined) break;
    if (takesLeft) leftAt += 1;
    else rightAt += 1;
    if (range[0] > end) {
      if (end > 0) merged.push([start, end - start]);
      start = range[0];
    }
    end = Math.max(end, range[0] + range[1]);
  }
  if (end > 0) merged.push([start, end - start]);
  return merged;
}
