import type { ChatMessage } from './chat-message.ts';

/** Of one document. */
const MESSAGES = 100;
/** With 100 messages of 1,000 characters each: some 100 MB, if every one is full. */
const DOCUMENTS = 500;

type Entry = {
  messages: readonly ChatMessage[];
  /** Settles when the other nodes were asked and had time to answer; null until somebody wants to know. */
  asked: Promise<void> | null;
};

/**
 * The latest messages of each document, in memory: what all nodes forget is gone. The documents that were used least
 * lately leave first.
 */
export class ChatHistory {
  readonly #entries = new Map<string, Entry>();

  of(docId: string): readonly ChatMessage[] {
    return this.#entries.get(docId)?.messages ?? [];
  }

  /** Takes messages that may be known already; true when one is new. */
  add(docId: string, messages: readonly ChatMessage[]): boolean {
    const entry = this.#use(docId);
    const known = new Set(entry.messages.map(({ id }) => id));
    const fresh = messages.filter(({ id }) => !known.has(id));
    entry.messages = [...entry.messages, ...fresh]
      .toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
      .slice(-MESSAGES);
    return fresh.length > 0;
  }

  /** Resolves with the messages once `ask` has had the other nodes tell theirs; it is called once per document. */
  async complete(docId: string, ask: () => Promise<void>): Promise<readonly ChatMessage[]> {
    const entry = this.#use(docId);
    entry.asked ??= ask().catch((error) => {
      entry.asked = null;
      throw error;
    });
    await entry.asked;
    return entry.messages;
  }

  #use(docId: string): Entry {
    const entry = this.#entries.get(docId) ?? { messages: [], asked: null };
    this.#entries.delete(docId);
    this.#entries.set(docId, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= DOCUMENTS) break;
      this.#entries.delete(oldest);
    }
    return entry;
  }
}
