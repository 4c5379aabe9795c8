import * as Y from 'yjs';
import { mergeMany } from '../../protocol/merge-updates.ts';
import { type CheckedUpdate, checkUpdate } from '../../protocol/update-guard.ts';
import { UpdateRefused } from '../../protocol/update-refused.ts';

/** Why the guard refuses `bytes`; null when it accepts them. Throws what is no refusal. */
export function refusalOf(bytes: Uint8Array): UpdateRefused | null {
  try {
    checkUpdate(bytes);
    return null;
  } catch (error) {
    if (error instanceof UpdateRefused) return error;
    throw error;
  }
}

/** What Yjs itself reads in the bytes, in the guard's terms. */
export function asYjsReads(bytes: Uint8Array): Pick<CheckedUpdate, 'runs' | 'deleteSet'> {
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

/** Applies an accepted update to an empty document, and lives with the result. Throws when that cannot be done. */
export function liveAlone(bytes: Uint8Array): void {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, bytes);
  reload(doc);
}

/** The same between other updates of the same document, one by one and merged. */
export function liveAmong(bytes: Uint8Array, before: Uint8Array, after: Uint8Array): void {
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
 * Whether `forged` tells the history of a client otherwise than `real`: structs that share clocks, but not their bounds
 * or not their place. Yjs then joins the rest of one struct to another that it does not belong to, and may throw; or it
 * writes a forged struct that still waits for something in the place of the real one. No look at one update can tell,
 * so a document that was treated like this is for the fold to sort out or to set aside (LOG9).
 */
export function retells(forged: Uint8Array, real: Uint8Array): boolean {
  const known = Y.decodeUpdate(real).structs;
  return Y.decodeUpdate(forged).structs.some((a) =>
    known.some(
      (b) =>
        a.id.client === b.id.client &&
        a.id.clock < b.id.clock + b.length &&
        b.id.clock < a.id.clock + a.length &&
        !(a.id.clock === b.id.clock && a.length === b.length && placeOf(a) === placeOf(b)),
    ),
  );
}

/** What a struct is and what it hangs on. */
function placeOf(struct: Y.Item | Y.GC | Y.Skip): string {
  if (!(struct instanceof Y.Item)) return struct.constructor.name;
  const { origin, rightOrigin, parent, parentSub } = struct;
  return JSON.stringify([origin, rightOrigin, parent, parentSub]);
}

/** Writes a document and reads it again. Throws when that cannot be done, or when less is there. */
export function reload(doc: Y.Doc): void {
  const state = Y.encodeStateAsUpdate(doc);
  checkUpdate(state);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, state);
  // More is fine: Yjs applies what is pending when it is loaded anew, sometimes earlier than in the first document.
  const reached = Y.decodeStateVector(Y.encodeStateVector(copy));
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
    const its = reached.get(client) ?? 0;
    if (its < clock) throw new Error(`after a reload client ${client} stands at ${its} instead of ${clock}`);
  }
  for (const name of doc.share.keys()) doc.get(name).toString();
}
