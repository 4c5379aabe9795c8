/**
 * Many updates in two blocks of memory. A thread is handed blocks without copying; 260,000 arrays it would be handed
 * one by one, each with its own copy.
 */
export type PackedUpdates = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
};

/** Copies `updates` (each below 4 GiB) one behind the other. The result owns its memory and may be transferred. */
export function packUpdates(updates: readonly Uint8Array[]): PackedUpdates {
  const lengths = Uint32Array.from(updates, ({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const update of updates) {
    bytes.set(update, offset);
    offset += update.length;
  }
  return { bytes, lengths };
}

/** The updates again, as views. */
export function unpackUpdates({ bytes, lengths }: PackedUpdates): Uint8Array[] {
  let offset = 0;
  return Array.from(lengths, (length) => {
    const start = offset;
    offset += length;
    return bytes.subarray(start, offset);
  });
}
