import {
  addDeletes,
  bringsNothingNew,
  type DeletedRanges,
  encodeStateVector,
} from '@kryton/engine/protocol/state-vector.ts';
import type { CheckedUpdate, DeleteRange, StructRun } from '@kryton/engine/protocol/update-guard.ts';

type Known = Pick<CheckedUpdate, 'runs' | 'deleteSet'>;

const NO_CLOCKS: ReadonlyMap<number, number> = new Map();

/**
 * Which structs and deletes one side holds, without their bytes.
 *
 * Structs are kept as ranges and not as a state vector, because a state vector says nothing about what stands behind a
 * gap: an update that waits for a missing one would look new on both sides and travel between them for ever.
 */
export class Coverage {
  readonly #structs: DeletedRanges = new Map();
  readonly #deletes: DeletedRanges = new Map();

  add({ runs, deleteSet }: Known): void {
    addDeletes(this.#structs, byClient(runs));
    addDeletes(this.#deletes, deleteSet);
  }

  /** Whether everything in the update is held already. */
  covers({ runs, deleteSet }: Known): boolean {
    return isWithin(byClient(runs), this.#structs) && isWithin(deleteSet, this.#deletes);
  }

  /** Whether everything that `other` holds is held here too. */
  includes(other: Coverage): boolean {
    return isWithin(other.#structs, this.#structs) && isWithin(other.#deletes, this.#deletes);
  }

  /** The encoded state vector: for each client up to its first gap. */
  stateVector(): Uint8Array {
    const clocks = new Map<number, number>();
    for (const [client, [first]] of this.#structs) {
      if (first?.[0] === 0) clocks.set(client, first[1]);
    }
    return encodeStateVector(clocks);
  }
}

function byClient(runs: readonly StructRun[]): Map<number, DeleteRange[]> {
  const ranges = new Map<number, DeleteRange[]>();
  for (const { client, clock, length } of runs) {
    const known = ranges.get(client);
    if (known) known.push([clock, length]);
    else ranges.set(client, [[clock, length]]);
  }
  return ranges;
}

function isWithin(deleteSet: ReadonlyMap<number, readonly DeleteRange[]>, known: DeletedRanges): boolean {
  return bringsNothingNew({ runs: [], deleteSet }, NO_CLOCKS, known);
}
