import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';
import { foldUpdates } from '../../compaction/fold-updates.ts';
import { mergeMany } from '../../protocol/merge-updates.ts';
import { checkUpdate } from '../../protocol/update-guard.ts';
import { sampleUpdates } from '../sample-updates.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { mutate } from './mutations.ts';
import { mutateUpdate } from './update-mutations.ts';
import { asYjsReads, liveAlone, liveAmong, refusalOf, reload, retells } from './update-oracle.ts';

export type UpdateFuzzing = {
  /** Updates that were tried, those that the guard accepted, and those of them that were also applied among others. */
  tried: number;
  accepted: number;
  among: number;
  /** Accepted updates that were folded in their place in a history, and folds that set something aside. */
  folded: number;
  setAside: number;
  /** How often the guard refused, by its reason. */
  readonly refused: Map<string, number>;
  /** The longest that the guard took for one update, in ms. */
  slowestMs: number;
};

/** Mutants from one document, before another takes its place; and of one turn of the event loop. */
const PER_DOCUMENT = 500;
const PER_TURN = 20;

/**
 * Mutates real updates while `goesOn` says so. Half of the mutants are changed bytes: of each that the guard accepts is
 * checked that it reads what Yjs reads, and that the update can be applied, merged, written and loaded again. The other
 * half keep the grammar and change the sense (`mutateUpdate`), which can make Yjs itself throw: of those is checked that
 * the guard reads what Yjs reads, and that the fold comes to a document that loads, if need be without the mutant
 * (LOG9). Throws an Error that holds the bytes otherwise.
 */
export async function fuzzUpdates(
  random: SeededRandom,
  goesOn: (soFar: UpdateFuzzing) => boolean,
): Promise<UpdateFuzzing> {
  const figures: UpdateFuzzing = {
    tried: 0,
    accepted: 0,
    among: 0,
    folded: 0,
    setAside: 0,
    refused: new Map(),
    slowestMs: 0,
  };
  while (goesOn(figures)) {
    await fuzzOneDocument(random, figures);
  }
  return figures;
}

async function fuzzOneDocument(random: SeededRandom, figures: UpdateFuzzing): Promise<void> {
  const { updates, whole } = sampleUpdates(random, 12);
  const corpus = [
    ...updates,
    Y.encodeStateAsUpdate(whole),
    mergeMany(updates.filter(() => random.chance(0.6))),
  ];
  const half = updates.length >> 1;
  const [before, after] = [mergeMany(updates.slice(0, half)), mergeMany(updates.slice(half))];
  for (let i = 0; i < PER_DOCUMENT; i++) {
    if (i % PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    const isForged = random.chance(0.5);
    let mutant = (isForged ? mutateUpdate : mutate)(random.pick(corpus), random.pick(corpus), random);
    while (!isForged && random.chance(0.3) && mutant.length > 0)
      mutant = mutate(mutant, random.pick(corpus), random);
    try {
      tryOne(mutant, isForged, before, after, figures);
    } catch (error) {
      const [bytes, ...others] = [mutant, before, after].map((b) => Buffer.from(b).toString('base64'));
      throw new Error(`${String(error)}\nupdate: ${bytes}\nbetween: ${others.join(' and ')}`, {
        cause: error,
      });
    }
  }
}

function tryOne(
  mutant: Uint8Array,
  isForged: boolean,
  before: Uint8Array,
  after: Uint8Array,
  figures: UpdateFuzzing,
): void {
  figures.tried += 1;
  const startedAt = performance.now();
  const refusal = refusalOf(mutant);
  figures.slowestMs = Math.max(figures.slowestMs, performance.now() - startedAt);
  if (refusal) {
    figures.refused.set(refusal.code, (figures.refused.get(refusal.code) ?? 0) + 1);
    return;
  }
  figures.accepted += 1;
  const { runs, deleteSet } = checkUpdate(mutant);
  if (!isDeepStrictEqual({ runs, deleteSet }, asYjsReads(mutant)))
    throw new Error('Yjs reads something else');
  if (isForged) {
    foldAmong(mutant, before, after, figures);
    return;
  }
  liveAlone(mutant);
  checkUpdate(mergeMany([before, mutant, after]));
  if (retells(mutant, before) || retells(mutant, after)) return;
  figures.among += 1;
  liveAmong(mutant, before, after);
}

/** Folds the mutant in its place in the history: nothing but the mutant may be set aside for it. */
function foldAmong(mutant: Uint8Array, before: Uint8Array, after: Uint8Array, figures: UpdateFuzzing): void {
  const outcome = foldUpdates(null, [before, mutant, after]);
  if (outcome.kind !== 'folded') throw new Error(`the fold failed: ${outcome.reason}`);
  figures.folded += 1;
  if (outcome.refused.length > 0) figures.setAside += 1;
  const doc = new Y.Doc();
  Y.applyUpdate(doc, outcome.state);
  reload(doc);
}
