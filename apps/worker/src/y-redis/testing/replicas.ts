import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { expect } from 'vitest';
import type * as Y from 'yjs';

/** The documents of one name on all servers of both sides, and the tokens that were written into them. */
export class Replicas {
  readonly docs: readonly Y.Doc[];
  readonly tokens: string[] = [];
  readonly #random: SeededRandom;

  constructor(docs: readonly Y.Doc[], random: SeededRandom) {
    this.docs = docs;
    this.#random = random;
  }

  /** One edit by the replica at `index`: a token that must be everywhere exactly once, beside typing and deleting. */
  edit(index = this.#random.int(this.docs.length)): void {
    const doc = this.docs[index] ?? expect.fail(`there is no replica ${index}`);
    const token = `${index}-${this.tokens.length}`;
    this.tokens.push(token);
    doc.transact(() => {
      const list = doc.getArray<string>('tokens');
      list.insert(this.#random.int(list.length + 1), [token]);
      const text = doc.getText('content');
      if (text.length > 20 && this.#random.chance(0.4)) text.delete(this.#random.int(text.length - 5), 5);
      else text.insert(this.#random.int(text.length + 1), token);
    });
  }

  /** Throws unless every replica holds each token exactly once, and the same text. */
  expectConverged(): void {
    const wanted = this.tokens.toSorted();
    const [first] = this.docs;
    for (const [index, doc] of this.docs.entries()) {
      const tokens = doc.getArray<string>('tokens').toArray().toSorted();
      expect(tokens, `tokens of replica ${index}`).toEqual(wanted);
      expect(doc.getText('content').toString()).toBe(first?.getText('content').toString());
    }
  }
}
