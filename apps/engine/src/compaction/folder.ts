/** Folds updates into a state, off the event loop. */
export interface Folder {
  /**
   * Applies `updates`, oldest first, to `state` (null for a document without one) in a `Y.Doc` that collects garbage.
   * What waits for a missing dependency stays in the result (SNAP6). The arguments are copied and remain usable.
   *
   * Rejects with {@link FoldFailed} when the document cannot be folded now: the time limit passed, or the memory cap.
   */
  fold(state: Uint8Array | null, updates: readonly Uint8Array[]): Promise<FoldOutcome>;
}

export type FoldOutcome =
  | {
      readonly kind: 'folded';
      readonly state: Uint8Array;
      readonly stateVector: Uint8Array;
      /** Updates that could not be applied and were left out (LOG9). */
      readonly refused: readonly RefusedUpdate[];
    }
  /** The state itself cannot be read, or what came out of the fold could not be: nothing may be committed. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** `index` counts in the updates that were given. */
export type RefusedUpdate = { readonly index: number; readonly reason: string };

/** The fold was given up; `message` says why. The document is as it was. */
export class FoldFailed extends Error {
  override readonly name = 'FoldFailed';
}
