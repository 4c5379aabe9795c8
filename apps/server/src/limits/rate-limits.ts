import { createHash } from 'node:crypto';
import type { Addition, SharedCounters } from '@kryton/engine/counters/shared-counters.ts';
import { WINDOW_MS, WindowCount } from './window-count.ts';

/** What is counted: upgrades, API requests, messages on WebSockets, and tokens that were not valid. */
export const LIMIT_KINDS = ['handshakes', 'requests', 'messages', 'failures'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];

/** The most within a minute, on all nodes together, for each of whom it is counted. */
export type MinuteLimits = Readonly<Record<LimitKind, number>>;

export type RateLimitsParts = {
  readonly limits: MinuteLimits;
  /** Where the nodes add up what each of them saw; null on a node that stands alone. */
  readonly counters: Pick<SharedCounters, 'add'> | null;
  /** ms since 1970: nodes count the same minutes. */
  readonly wallClock: () => number;
  readonly onError: (error: unknown) => void;
  /** Called each time that somebody is over a limit; nobody is told unless given. */
  readonly onLimited?: (kind: LimitKind) => void;
  /** For how many of each kind this node counts; 50,000 unless told: about 10 MB when all four kinds are full. */
  readonly maxSubjects?: number;
};

const MAX_SUBJECTS = 50_000;
/** What is handed over in one call; the rest waits for the next, so that a flood of addresses is none for the store. */
const MAX_SHARED = 2_000;
/**
 * A count travels when this part of its limit has come together, so that ordinary people cost the store nothing. As
 * many nodes would have to stay just below it to let somebody have twice the limit.
 */
const SHARED_PARTS = 64;
/** Longer than the minute that it counts. */
const TTL_MS = 2 * WINDOW_MS;
const HASH_CHARS = 22;

type Counted = { readonly kind: LimitKind; readonly subject: string; readonly count: WindowCount };

/**
 * Who does how much in a minute. Every answer comes from this node's own memory: nobody waits for a store, before
 * authentication a connection costs none (ACC5), and while the store is away each node decides by what it saw itself.
 */
export class RateLimits {
  readonly #parts: RateLimitsParts;
  readonly #maxSubjects: number;
  readonly #counted: Readonly<Record<LimitKind, Map<string, Counted>>> = {
    handshakes: new Map(),
    requests: new Map(),
    messages: new Map(),
    failures: new Map(),
  };
  /** Have enough to be handed over. */
  readonly #due = new Set<Counted>();
  #isSharing = false;
  #sweptIn = 0;

  constructor(parts: RateLimitsParts) {
    this.#parts = parts;
    this.#maxSubjects = parts.maxSubjects ?? MAX_SUBJECTS;
  }

  /**
   * Counts one and resolves what to say: 0 when it is within the limit, or else the seconds after which to try again.
   * What is refused does not count, so that who slows down is let in.
   */
  take(kind: LimitKind, subject: string): number {
    const waitS = this.waitS(kind, subject);
    if (waitS === 0) this.count(kind, subject, 1);
    return waitS;
  }

  /** Counts what has happened already, and says whether that is too much. */
  count(kind: LimitKind, subject: string, amount: number): boolean {
    const { window } = this.#now();
    const counted = this.#find(kind, subject) ?? this.#begin(kind, subject, window);
    counted.count.add(amount, window);
    const limit = this.#parts.limits[kind];
    if (counted.count.unsent >= limit / SHARED_PARTS) this.#due.add(counted);
    return this.waitS(kind, subject) > 0;
  }

  /** Seconds until one more is within the limit; 0 when it is. */
  waitS(kind: LimitKind, subject: string): number {
    const waitS = this.#waitS(kind, subject);
    if (waitS > 0) this.#parts.onLimited?.(kind);
    return waitS;
  }

  #waitS(kind: LimitKind, subject: string): number {
    const counted = this.#find(kind, subject);
    if (!counted) return 0;
    const { window, passed } = this.#now();
    if (counted.count.estimate(window, passed) < this.#parts.limits[kind]) return 0;
    return Math.max(1, Math.ceil(((1 - passed) * WINDOW_MS) / 1_000));
  }

  /** Once a second: hands over what this node saw and learns what all of them saw. Never rejects. */
  async share(): Promise<void> {
    const { window } = this.#now();
    this.#sweep(window);
    const { counters, onError } = this.#parts;
    if (counters === null || this.#isSharing || this.#due.size === 0) return;
    this.#isSharing = true;
    try {
      const taken = this.#takeDue(window);
      const sums = await counters.add(taken.map(({ addition }) => addition));
      for (const [index, { counted }] of taken.entries()) counted.count.learn(sums[index] ?? 0, window);
    } catch (error) {
      // What was taken stays counted here; whether the store has it is not known, and twice would be unjust.
      onError(error);
    } finally {
      this.#isSharing = false;
    }
  }

  #takeDue(window: number): { readonly counted: Counted; readonly addition: Addition }[] {
    const taken: { counted: Counted; addition: Addition }[] = [];
    for (const counted of this.#due) {
      if (taken.length === MAX_SHARED) break;
      this.#due.delete(counted);
      const amount = counted.count.take(window);
      // A minute that ended before it was its turn.
      if (amount === 0) continue;
      taken.push({ counted, addition: { key: keyOf(counted, window), amount, ttlMs: TTL_MS } });
    }
    return taken;
  }

  #find(kind: LimitKind, subject: string): Counted | undefined {
    return this.#counted[kind].get(subject);
  }

  #begin(kind: LimitKind, subject: string, window: number): Counted {
    const all = this.#counted[kind];
    if (all.size >= this.#maxSubjects) {
      // The one that has been counted for longest.
      const [oldest] = all.values();
      if (oldest) this.#forget(oldest);
    }
    const counted = { kind, subject, count: new WindowCount(window) };
    all.set(subject, counted);
    return counted;
  }

  #forget(counted: Counted): void {
    this.#counted[counted.kind].delete(counted.subject);
    this.#due.delete(counted);
  }

  #sweep(window: number): void {
    if (window === this.#sweptIn) return;
    this.#sweptIn = window;
    for (const all of Object.values(this.#counted)) {
      for (const counted of all.values()) if (counted.count.isForgotten(window)) this.#forget(counted);
    }
  }

  #now(): { readonly window: number; readonly passed: number } {
    const minutes = this.#parts.wallClock() / WINDOW_MS;
    const window = Math.floor(minutes);
    return { window, passed: minutes - window };
  }
}

/** Hashed: of one length whatever the subject, and an operator who looks into the store reads no addresses. */
function keyOf({ kind, subject }: Counted, window: number): string {
  const hash = createHash('sha256').update(subject).digest('base64url').slice(0, HASH_CHARS);
  return `${kind}:${window}:${hash}`;
}
