import * as Y from 'yjs';

/** Clocks of one Yjs client, `to` not among them. */
export type ClockRange = { readonly client: number; readonly from: number; readonly to: number };

/**
 * What an update of the server holds: all of it is in the log, because nothing is sent before that (LOG1). Read with
 * Yjs and not with the product's own reader, which would be believed in what it is tested for.
 */
export function rangesOf(update: Uint8Array): ClockRange[] {
  const ranges: ClockRange[] = [];
  for (const struct of Y.decodeUpdate(update).structs) {
    if (struct instanceof Y.Skip) continue;
    const { client, clock } = struct.id;
    const last = ranges.at(-1);
    const to = clock + struct.length;
    if (last?.client === client && last.to === clock) ranges[ranges.length - 1] = { ...last, to };
    else ranges.push({ client, from: clock, to });
  }
  return ranges;
}
