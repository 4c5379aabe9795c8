import type { SeededRandom } from '../seeded-random.ts';

/** Bytes that mean something to a varint, a string or a struct header, and so break more than random ones. */
const TELLING_BYTES = [0, 1, 2, 10, 0x7f, 0x80, 0xff];

/** `bytes` with one thing changed: a bit, a byte, a cut, a piece of `other`, a number far too large. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.int(bytes.length);
  const cut = random.int(other.length);
  const changed = Uint8Array.from(bytes);
  const head = bytes.subarray(0, at);
  switch (random.int(8)) {
    case 0:
      changed[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
      return changed;
    case 1:
      changed[at] = random.pick([...TELLING_BYTES, random.int(256)]);
      return changed;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return concat(head, other.subarray(cut, cut + random.int(20)), bytes.subarray(at));
    case 4:
      return concat(head, bytes.subarray(at + 1 + random.int(4)));
    case 5:
      return concat(head, Uint8Array.of(0xff, 0xff, 0xff, 0xff, random.int(128)), bytes.subarray(at + 1));
    case 6:
      // The same number in more bytes than it needs.
      changed[at] = (bytes[at] ?? 0) | 0x80;
      return concat(changed.subarray(0, at + 1), Uint8Array.of(0), bytes.subarray(at + 1));
    default:
      return concat(head, other.subarray(cut));
  }
}

/** A plain array, not a view on a larger one. */
function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
