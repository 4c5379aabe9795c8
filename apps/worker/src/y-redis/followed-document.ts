import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import { comparePositions } from '@kryton/engine/log/position.ts';
import type { LogHead, UpdateLog } from '@kryton/engine/log/update-log.ts';
import { DeletedHere, type DocumentLink } from './document-link.ts';
import type { Slots } from './slots.ts';

const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 10_000;

export type FollowedParts = {
  readonly log: Pick<UpdateLog, 'subscribe'>;
  /** Bounds the documents that are worked on at a time. */
  readonly slots: Slots;
  readonly timers: Timers;
  readonly onTrouble: (name: string, error: unknown) => void;
  /** It was deleted on our side and is followed no longer. */
  readonly onDeleted: (name: string, reason: string) => void;
  readonly signal: AbortSignal;
};

/** `again`: something arrived while it works, so it works once more. */
type State = 'idle' | 'working' | 'again';

/** A document that is kept in step: what arrives on either side makes it work, one step at a time. */
export class FollowedDocument {
  readonly link: DocumentLink;
  readonly #parts: FollowedParts;
  #state: State = 'idle';
  /** Both sides have to be looked at from the start: at first, and after anything went wrong. */
  #needsReconciling = true;
  #unsubscribe: (() => Promise<void>) | null = null;
  #work: Promise<void> = Promise.resolve();
  #isLeaving = false;
  readonly #reconciled = Promise.withResolvers<void>();

  constructor(parts: FollowedParts, link: DocumentLink) {
    this.#parts = parts;
    this.link = link;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Resolves when both sides held the same for the first time. */
  get reconciled(): Promise<void> {
    return this.#reconciled.promise;
  }

  /** Something may have changed on either side. */
  poke(): void {
    if (this.#isLeaving) return;
    if (this.#state === 'idle') {
      this.#state = 'working';
      this.#work = this.#run();
    } else {
      this.#state = 'again';
    }
  }

  /** A peer of y-redis announced the length of the list; null where it cannot be told. */
  announced(length: number | null): void {
    if (length === null || length > this.link.theirs.clock) this.poke();
  }

  /**
   * Compares with the length of the list and the head of our log, which were asked for when it was idle and its clock
   * stood at `asked`. True when the list had grown without our having heard of it.
   */
  compare(length: number, head: LogHead | null, asked: number): boolean {
    const { theirs, ours } = this.link;
    if (!this.isIdle || this.link.isDeleted || theirs.clock !== asked) return false;
    const isShorter = length < theirs.clock;
    if (isShorter) {
      theirs.forget();
      this.#needsReconciling = true;
    }
    if (isShorter || length > theirs.clock || ours.differsFrom(head)) this.poke();
    return length > theirs.clock;
  }

  /** Looks at both sides for the last time and carries over what is there, however fast they are edited. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.#work;
    this.#state = 'working';
    await this.#run();
    await this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  /** Works until nothing more arrived meanwhile. Never rejects. */
  async #run(): Promise<void> {
    const { timers, signal } = this.#parts;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      this.#state = 'working';
      if (await this.#stepSucceeds()) {
        pauseMs = FIRST_PAUSE_MS;
        if (this.#isAskedAgain()) continue;
        break;
      }
      if (signal.aborted) break;
      await pause(timers, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
    this.#state = 'idle';
  }

  async #stepSucceeds(): Promise<boolean> {
    const { slots, signal, onTrouble } = this.#parts;
    try {
      await slots.run(() => this.#step());
      return true;
    } catch (error) {
      if (error instanceof DeletedHere) {
        this.#parts.onDeleted(this.link.theirs.name, error.message);
        this.#reconciled.resolve();
        return true;
      }
      this.#needsReconciling = true;
      if (!signal.aborted) onTrouble(this.link.theirs.name, error);
      return false;
    }
  }

  async #step(): Promise<void> {
    this.#unsubscribe ??= await this.#subscribe();
    if (!this.#needsReconciling) {
      await this.link.keepInStep();
      return;
    }
    await this.link.reconcile();
    this.#needsReconciling = false;
    this.#reconciled.resolve();
  }

  /** Before anything is read, so that nothing falls in between. */
  #subscribe(): Promise<() => Promise<void>> {
    const { ours } = this.link;
    return this.#parts.log.subscribe(ours.docId, {
      entry: (position) => {
        if (comparePositions(position, ours.position) > 0) this.poke();
      },
      presence: () => {},
    });
  }

  #isAskedAgain(): boolean {
    return this.#state === 'again';
  }
}
