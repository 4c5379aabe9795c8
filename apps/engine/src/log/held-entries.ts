import type { DocId } from '../protocol/ids.ts';
import type { LogListener } from './update-log.ts';

/** More than this is not kept: the listener sees the gap and reads the log (LOG2). */
const MAX_HELD = 1_000;

/**
 * Keeps announcements of documents in which an append of this process is not safe yet, and hands them on in their order
 * when it is. An append that failed stays unsafe until a later one of its document is safe.
 */
export class HeldEntries {
  readonly #held = new Map<DocId, { underWay: number; readonly entries: (() => void)[] }>();

  /** An append begins. */
  hold(docId: DocId): void {
    const held = this.#held.get(docId) ?? { underWay: 0, entries: [] };
    held.underWay += 1;
    this.#held.set(docId, held);
  }

  /** An append is over. */
  settle(docId: DocId, isSafe: boolean): void {
    const held = this.#held.get(docId);
    if (!held) return;
    held.underWay -= 1;
    if (!isSafe || held.underWay > 0) return;
    this.#held.delete(docId);
    for (const deliver of held.entries) deliver();
  }

  isHeld(docId: DocId): boolean {
    return this.#held.has(docId);
  }

  /** Nobody listens any more. */
  forget(docId: DocId): void {
    this.#held.delete(docId);
  }

  /** `listener`, told of entries only while nothing is held. */
  listener(docId: DocId, listener: LogListener): LogListener {
    return {
      entry: (position, update) => {
        const held = this.#held.get(docId);
        if (!held) listener.entry(position, update);
        else if (held.entries.length < MAX_HELD) held.entries.push(() => listener.entry(position, update));
      },
      presence: (message) => listener.presence(message),
    };
  }
}
