import type { Claim } from './access.ts';
import type { Kick } from './kick.ts';

/** What a number of kicks concern. It errs on the side of too many: whom it names is looked up, nobody is sent away. */
export class Kicked {
  readonly #sessions = new Set<string>();
  readonly #users = new Set<string>();
  readonly #agents = new Set<string>();
  readonly #tokens = new Set<string>();
  readonly #documents = new Set<string>();
  #isEverybody = false;

  get isEmpty(): boolean {
    return this.#size === 0 && !this.#isEverybody;
  }

  add(kick: Kick): void {
    switch (kick.kind) {
      case 'session':
        this.#sessions.add(kick.sessionId);
        break;
      case 'user':
        this.#users.add(kick.userId);
        break;
      case 'agent':
        this.#agents.add(kick.agentId);
        for (const tokenId of kick.tokenIds) this.#tokens.add(tokenId);
        break;
      case 'document':
        this.#documents.add(kick.docId);
        break;
    }
    if (this.#size > MAX_KEPT) this.addEverybody();
  }

  /** From now on it concerns all there are. */
  addEverybody(): void {
    this.#isEverybody = true;
    for (const set of this.#sets) set.clear();
  }

  /** Takes in what `others` concern. */
  addAll(others: Kicked): void {
    if (others.#isEverybody) this.addEverybody();
    others.#sets.forEach((set, index) => {
      for (const id of set) this.#sets[index]?.add(id);
    });
  }

  concerns({ principal, docId }: Claim): boolean {
    if (this.#isEverybody) return true;
    if (docId !== null && this.#documents.has(docId)) return true;
    const { credential } = principal;
    switch (credential.kind) {
      case 'session':
        return this.#sessions.has(credential.sessionId) || this.#users.has(credential.userId);
      case 'agent-token':
        return (
          this.#tokens.has(credential.tokenId) ||
          this.#agents.has(credential.agentId) ||
          this.#users.has(credential.ownerId)
        );
      case 'document-token':
        // It does not say whose agent minted it.
        return this.#tokens.has(credential.tokenId) || this.#agents.size > 0 || this.#users.size > 0;
      case 'link':
      case 'none':
        return false;
    }
  }

  get #sets(): readonly Set<string>[] {
    return [this.#sessions, this.#users, this.#agents, this.#tokens, this.#documents];
  }

  get #size(): number {
    return this.#sets.reduce((sum, { size }) => sum + size, 0);
  }
}

/** Ids kept at most; looking everybody up is one query too. */
const MAX_KEPT = 10_000;
