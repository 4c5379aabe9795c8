/** What one socket may send before it waits, and how fast it may go on. */
export type PaceLimits = {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Bytes that may come at once: what a client brings back that was offline for long. */
  readonly burstBytes: number;
};

/** Messages that are handled before anybody else gets a turn: well under a millisecond of keystrokes. */
const TURN_MESSAGES = 32;
/** How fast the turn refills: about a sixth of what one core decodes, checks and gathers (60,000 a second). */
const TURN_MESSAGES_PER_MS = 2;
/** Seconds of messages that may come at once: a program that writes a document edit by edit. */
const BURST_S = 5;
/**
 * A client asks for what it lacks when it connects and perhaps once more; an answer may cost a merge of the document,
 * and unlike a message it costs the asker nothing.
 */
const BURST_QUESTIONS = 3;
const QUESTIONS_PER_SECOND = 1;
/** Who is held back for this long without a pause does not slow down by itself. */
const TOO_FAST_MS = 15_000;

/**
 * How fast one socket is listened to, so that nobody else waits for it: a turn, then a rest in which others have
 * theirs; over the sustained rate the rests become longer. A socket at rest is not read from, and TCP tells its
 * client to wait; nothing is lost or dropped.
 */
export class Pace {
  readonly #turn: Bucket;
  readonly #messages: Bucket;
  readonly #bytes: Bucket;
  readonly #questions: Bucket;
  #heldBackSince: number | null = null;

  /** `now` in ms. */
  constructor({ messagesPerSecond, bytesPerSecond, burstBytes }: PaceLimits, now: number) {
    this.#turn = new Bucket(TURN_MESSAGES, TURN_MESSAGES_PER_MS, now);
    this.#messages = new Bucket(messagesPerSecond * BURST_S, messagesPerSecond / 1_000, now);
    this.#bytes = new Bucket(burstBytes, bytesPerSecond / 1_000, now);
    this.#questions = new Bucket(BURST_QUESTIONS, QUESTIONS_PER_SECOND / 1_000, now);
  }

  /** Counts a question that is answered with the document; the result is how long the answer has to wait, in ms. */
  asked(now: number): number {
    const waitMs = this.#questions.waitMs(now);
    this.#questions.take(1);
    return waitMs;
  }

  /** How long the next message has to wait, in ms; 0 when it need not. */
  waitMs(now: number): number {
    const restMs = Math.max(this.#messages.waitMs(now), this.#bytes.waitMs(now));
    if (restMs > 0) this.#heldBackSince ??= now;
    return Math.max(restMs, this.#turn.waitMs(now));
  }

  /** Counts a message of `bytes` that is handled. */
  took(bytes: number): void {
    this.#turn.take(1);
    this.#messages.take(1);
    this.#bytes.take(bytes);
  }

  /** Whether the client was held back all the time for so long that it should be told to slow down. */
  isTooFast(now: number): boolean {
    if (this.#heldBackSince === null) return false;
    if (this.#messages.hasRecovered(now) && this.#bytes.hasRecovered(now)) this.#heldBackSince = null;
    return this.#heldBackSince !== null && now - this.#heldBackSince > TOO_FAST_MS;
  }
}

/** A token bucket that may go into debt: one large message passes and is paid for afterwards. */
class Bucket {
  readonly #size: number;
  readonly #perMs: number;
  #level: number;
  #filledAt: number;

  constructor(size: number, perMs: number, now: number) {
    this.#size = size;
    this.#perMs = perMs;
    this.#level = size;
    this.#filledAt = now;
  }

  take(amount: number): void {
    this.#level -= amount;
  }

  waitMs(now: number): number {
    this.#fill(now);
    return this.#level > 0 ? 0 : (1 - this.#level) / this.#perMs;
  }

  /** A tenth is there again: whoever sends all the time never gets that far. */
  hasRecovered(now: number): boolean {
    this.#fill(now);
    return this.#level > this.#size / 10;
  }

  #fill(now: number): void {
    this.#level = Math.min(this.#size, this.#level + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
  }
}
