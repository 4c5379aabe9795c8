import { decodeFrame } from '@kryton/engine/protocol/frames.ts';
import { decodePresence } from '@kryton/engine/protocol/presence-codec.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';

/** One in so many deliveries is timed: sorting all of them would cost the generator more than receiving them. */
const SAMPLE = 16;
/** Frames whose content is remembered: a fan-out brings the same bytes to every socket. */
const REMEMBERED = 256;
const LARGE_BYTES = 32 * 1024;

type Seen = { readonly kind: 'actions'; readonly keys: readonly string[] } | { readonly kind: 'other' };

/** Counts which actions (edits, moves) reached how many clients, and how long that took. */
export class Deliveries {
  readonly #sentAt = new Map<string, number>();
  readonly #seen = new Map<string, Seen>();
  readonly #latencies: number[] = [];
  #count = 0;
  #delivered = 0;
  #sentEdits = 0;
  #deliveredEdits = 0;
  #isMeasuring = false;
  sent = 0;

  measure(isMeasuring: boolean): void {
    this.#isMeasuring = isMeasuring;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** An action is on its way; only those sent while measuring count. */
  sending(key: string): void {
    if (!this.#isMeasuring) return;
    this.#sentAt.set(key, performance.now());
    this.sent++;
    if (key.startsWith('e')) this.#sentEdits++;
  }

  /** A frame that one client received. */
  received(frame: Buffer): void {
    const seen = this.#look(frame);
    if (seen.kind === 'other') return;
    const now = performance.now();
    for (const key of seen.keys) {
      const sentAt = this.#sentAt.get(key);
      if (sentAt === undefined) continue;
      this.#delivered++;
      if (key.startsWith('e')) this.#deliveredEdits++;
      if (this.#count++ % SAMPLE === 0) this.#latencies.push(now - sentAt);
    }
  }

  /** Expected deliveries of edits that did not come; moves may be replaced by later ones on the way. */
  missingEdits(clients: number): number {
    return this.#sentEdits * clients - this.#deliveredEdits;
  }

  /** The latency in ms that this share of the sampled deliveries did not exceed. */
  latency(quantile: number): number {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
  }

  #look(frame: Buffer): Seen {
    if (frame.length > LARGE_BYTES) return read(frame);
    const bytes = frame.toString('latin1');
    const known = this.#seen.get(bytes);
    if (known) return known;
    const seen = read(frame);
    this.#seen.set(bytes, seen);
    const oldest = this.#seen.size > REMEMBERED ? this.#seen.keys().next().value : undefined;
    if (oldest !== undefined) this.#seen.delete(oldest);
    return seen;
  }
}

/** What identifies an edit of one character: its client and clock. */
export const editKey = (client: number, clock: number): string => `e${client}:${clock}`;
/** What identifies a move: its client and the clock of its presence. */
export const moveKey = (client: number, clock: number): string => `m${client}:${clock}`;

function read(bytes: Buffer): Seen {
  const frame = decodeFrame(bytes);
  if (frame.kind === 'update') {
    const keys = checkUpdate(frame.update).runs.flatMap(({ client, clock, length }) =>
      Array.from({ length }, (_, offset) => editKey(client, clock + offset)),
    );
    return { kind: 'actions', keys };
  }
  if (frame.kind === 'presence') {
    return {
      kind: 'actions',
      keys: decodePresence(frame.update).map(({ clientId, clock }) => moveKey(clientId, clock)),
    };
  }
  return { kind: 'other' };
}
