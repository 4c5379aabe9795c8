import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { sampleUpdates } from '../testing/sample-updates.ts';
import { type SeededRandom, seededRandom, seedFor } from '../testing/seeded-random.ts';
import { mergeMany } from './merge-updates.ts';
import { type CheckedUpdate, checkUpdate } from './update-guard.ts';
import { UpdateRefused } from './update-refused.ts';

/** About three seconds on the machine of the first measurement; SEED and a larger number make a long search. */
const MUTANTS = 10_000;

/** What Yjs itself reads in the bytes, in the guard's terms. */
function asYjsReads(bytes: Uint8Array): Pick<CheckedUpdate, 'runs' | 'deleteSet'> {
  const { structs, ds } = Y.decodeUpdate(bytes);
  const runs: { client: number; clock: number; length: number }[] = [];
  for (const { id, length } of structs.filter((struct) => !(struct instanceof Y.Skip))) {
    const last = runs.at(-1);
    if (last?.client === id.client && last.clock + last.length === id.clock) last.length += length;
    else runs.push({ client: id.client, clock: id.clock, length });
  }
  const deleteSet = new Map(
    [...ds.clients].map(([client, items]) => [client, items.map((d) => [d.clock, d.len] as const)]),
  );
  return { runs, deleteSet };
}

/** What must never throw: to apply `bytes` to an empty document, and to live with the result. */
function liveAlone(bytes: Uint8Array): void {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, bytes);
  reload(doc);
}

/** The same between other updates of the same document, one by one and merged. */
function liveAmong(bytes: Uint8Array, before: Uint8Array, after: Uint8Array): void {
  const doc = new Y.Doc();
  for (const update of [before, bytes, after]) {
    Y.applyUpdate(doc, update);
    reload(doc);
  }
  const copy = new Y.Doc();
  Y.applyUpdate(copy, mergeMany([before, bytes, after]));
  reload(copy);
}

/**
 * Whether `forged` tells the history of a client otherwise than `real`: structs that share clocks but not their
 * bounds. Yjs then joins the rest of one struct to another that it does not belong to, and may throw. No look at one
 * update can tell, so a document that was treated like this is for the fold to set aside (LOG9).
 */
function retells(forged: Uint8Array, real: Uint8Array): boolean {
  const known = Y.decodeUpdate(real).structs;
  return Y.decodeUpdate(forged).structs.some((a) =>
    known.some(
      (b) =>
        a.id.client === b.id.client &&
        a.id.clock < b.id.clock + b.length &&
        b.id.clock < a.id.clock + a.length &&
        (a.id.clock !== b.id.clock || a.length !== b.length),
    ),
  );
}

function reload(doc: Y.Doc): void {
  const state = Y.encodeStateAsUpdate(doc);
  checkUpdate(state);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, state);
  // More is fine: Yjs applies what is pending when it is loaded anew, sometimes earlier than in the first document.
  const reached = Y.decodeStateVector(Y.encodeStateVector(copy));
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
    expect(reached.get(client)).toBeGreaterThanOrEqual(clock);
  }
  for (const name of doc.share.keys()) doc.get(name).toString();
}

function refusalOf(bytes: Uint8Array): UpdateRefused | null {
  try {
    checkUpdate(bytes);
    return null;
  } catch (error) {
    if (error instanceof UpdateRefused) return error;
    throw error;
  }
}

function mutate(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.int(bytes.length);
  const changed = Uint8Array.from(bytes);
  const cut = random.int(other.length);
  switch (random.int(7)) {
    case 0:
      changed[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
      return changed;
    case 1:
      changed[at] = random.pick([0, 1, 2, 10, 0x7f, 0x80, 0xff, random.int(256)]);
      return changed;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return Uint8Array.of(
        ...bytes.slice(0, at),
        ...other.slice(cut, cut + random.int(20)),
        ...bytes.slice(at),
      );
    case 4:
      return Uint8Array.of(...bytes.slice(0, at), ...bytes.slice(at + 1 + random.int(4)));
    case 5:
      return Uint8Array.of(
        ...bytes.slice(0, at),
        0xff,
        0xff,
        0xff,
        0xff,
        random.int(128),
        ...bytes.slice(at + 1),
      );
    default:
      return Uint8Array.of(...bytes.slice(0, at), ...other.slice(cut));
  }
}

describe('the update guard against Yjs', () => {
  it('accepts everything that Yjs writes, and reads in it what Yjs reads', () => {
    const random = seededRandom(seedFor('guard, honest updates'));
    const { updates, whole } = sampleUpdates(random, 400);
    const state = Y.encodeStateAsUpdate(whole);
    const thinned = updates.filter(() => random.chance(0.7));
    const pending = new Y.Doc();
    for (const update of random.shuffled(thinned)) Y.applyUpdate(pending, update);
    const honest = [...updates, state, mergeMany(thinned), Y.encodeStateAsUpdate(pending)];
    for (const update of honest) expect(checkUpdate(update)).toMatchObject(asYjsReads(update));
  });

  it('what passes applies to any document, and the document can be written and loaded again', () => {
    const random = seededRandom(seedFor('guard, mutants'));
    let passed = 0;
    let together = 0;
    for (let round = 0; round < MUTANTS; ) {
      const { updates, whole } = sampleUpdates(random, 12);
      const corpus = [
        ...updates,
        Y.encodeStateAsUpdate(whole),
        mergeMany(updates.filter(() => random.chance(0.6))),
      ];
      const half = updates.length >> 1;
      const before = mergeMany(updates.slice(0, half));
      const after = mergeMany(updates.slice(half));
      for (let i = 0; i < 500; i++, round++) {
        let mutant = mutate(random.pick(corpus), random.pick(corpus), random);
        if (random.chance(0.2) && mutant.length > 0) mutant = mutate(mutant, random.pick(corpus), random);
        if (refusalOf(mutant)) continue;
        passed += 1;
        expect(checkUpdate(mutant)).toMatchObject(asYjsReads(mutant));
        try {
          liveAlone(mutant);
          checkUpdate(mergeMany([before, mutant, after]));
          if (!retells(mutant, before) && !retells(mutant, after)) {
            together += 1;
            liveAmong(mutant, before, after);
          }
        } catch (error) {
          throw new Error(
            `accepted, but: ${error}\n${JSON.stringify([mutant, before, after].map((b) => [...b]))}`,
          );
        }
      }
    }
    expect(passed).toBeGreaterThan(MUTANTS / 20);
    expect(together).toBeGreaterThan(passed / 20);
  });
});
