import type { Member } from './member.ts';
import type { PendingBudget } from './pending-budget.ts';

/** What may wait for the log in one room before its writers are no longer read from, and when they are again. */
const HIGH_BYTES = 8 * 1024 * 1024;
const LOW_BYTES = 1024 * 1024;

/** Stops reading from the members of a room while the log does not keep up with what they write (LOG6). */
export class Backpressure {
  readonly #budget: PendingBudget;
  readonly #paused = new Set<Member>();
  readonly #forgetRelief: () => void;
  #pendingBytes = 0;
  #isClosed = false;

  constructor(budget: PendingBudget) {
    this.#budget = budget;
    this.#forgetRelief = budget.onRelief(() => this.#relieve());
  }

  /** Bytes that the room has accepted and that are not yet durable. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** `member` wrote `bytes`; null when the node itself did. */
  accepted(member: Member | null, bytes: number): void {
    if (this.#isClosed) return;
    this.#pendingBytes += bytes;
    this.#budget.add(bytes);
    const isOver = this.#pendingBytes > HIGH_BYTES || this.#budget.isOver;
    if (member === null || !isOver || this.#paused.has(member)) return;
    this.#paused.add(member);
    member.pause();
  }

  /** `bytes` became durable, or were given up. */
  settled(bytes: number): void {
    // An append may end after the room was closed, and with it all that waited.
    const settled = Math.min(bytes, this.#pendingBytes);
    this.#pendingBytes -= settled;
    this.#budget.remove(settled);
    if (this.#paused.size > 0) this.#relieve();
  }

  leave(member: Member): void {
    this.#paused.delete(member);
  }

  close(): void {
    this.#isClosed = true;
    this.#forgetRelief();
    this.#paused.clear();
    this.settled(this.#pendingBytes);
  }

  #relieve(): void {
    if (this.#pendingBytes >= LOW_BYTES || this.#budget.isOver) return;
    for (const member of this.#paused) member.resume();
    this.#paused.clear();
  }
}
