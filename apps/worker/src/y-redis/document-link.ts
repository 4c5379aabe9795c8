import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import type { CheckedUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { LogRestarted, OurDocument } from './our-document.ts';
import type { Stores } from './patient-stores.ts';
import { type RefusedElement, TheirDocument } from './their-document.ts';

/** Above this, merging leaves the event loop. */
const INLINE_BYTES = 256 * 1024;
/** Our log begins anew when Redis was restarted or wiped; it does not do so five times in a row. */
const MAX_TRIES = 5;

export type LinkParts = {
  readonly stores: Stores;
  readonly heavy: Pick<HeavyWork, 'mergeMany' | 'diff'>;
  readonly events: LinkEvents;
  /** Counts what would be written to our side and writes nothing. */
  readonly dryRun: boolean;
  /** The user who owns what is brought over, unless somebody does already; null for nobody. */
  readonly owner: string | null;
};

/** The document was deleted on our side: nothing is brought over to where it would be removed again. */
export class DeletedHere extends Error {
  override readonly name = 'DeletedHere';

  constructor(docId: DocId) {
    super(
      `the document ${docId} was deleted here, and its id is not used again: give it another one with --map`,
    );
  }
}

export type LinkEvents = {
  /** The document is here, and this is whose it is. */
  claimed(docId: DocId, claim: 'owned' | 'ownerless'): void;
  /** Updates of theirs that were read, and their bytes. */
  read(updates: number, bytes: number): void;
  /** Updates of theirs that are new here, made durable as one entry of our log (with `dryRun`: would be). */
  appended(docId: DocId, updates: number): void;
  /** An update of ours was added to their list. */
  pushed(docId: DocId): void;
  /** LOG9: set aside, with its bytes, in the quarantine (with `dryRun`: would be). */
  refused(name: string, element: RefusedElement): void;
};

/**
 * One document on both sides.
 *
 * Each direction carries over what the other side does not hold yet, struct by struct and delete by delete, and what
 * was carried over counts as held by both. So nothing travels in circles, a step may be repeated from any point (the
 * command was killed, a write timed out), and running everything twice writes nothing.
 *
 * Not for concurrent use: one call at a time.
 */
export class DocumentLink {
  readonly ours: OurDocument;
  readonly theirs: TheirDocument;
  readonly #parts: LinkParts;
  #isClaimed = false;
  #isDeleted = false;

  constructor(parts: LinkParts, name: string, docId: DocId) {
    this.#parts = parts;
    this.theirs = new TheirDocument(parts.stores.lists, name);
    this.ours = new OurDocument(parts.stores, docId);
  }

  /** Whether it was deleted on our side; then nothing is carried over any more. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /**
   * Brings over what their list holds and we do not. Throws {@link DeletedHere} where that is not wanted. Rejects with
   * the error of the store that does not answer.
   */
  async bringOver(): Promise<void> {
    await this.#untilLogStays(async () => {
      await this.#load();
      await this.#theirsToOurs();
    });
  }

  /** Looks at both sides anew and brings each what it lacks. Throws {@link DeletedHere} once. */
  async reconcile(): Promise<void> {
    if (this.#isDeleted) return;
    await this.#untilLogStays(async () => {
      await this.#load();
      await this.#theirsToOurs();
      if (!this.theirs.coverage.includes(this.ours.coverage)) this.ours.rewind();
      await this.#oursToTheirs();
    });
  }

  /** Carries over what both sides have received since the last time. Throws {@link DeletedHere} once. */
  async keepInStep(): Promise<void> {
    if (this.#isDeleted) return;
    try {
      await this.#theirsToOurs();
      await this.#oursToTheirs();
    } catch (error) {
      if (!(error instanceof LogRestarted)) throw error;
      await this.reconcile();
    }
  }

  async #load(): Promise<void> {
    this.#isClaimed = false;
    await this.ours.load();
    // What we held of theirs may be gone with our log; their list has it still.
    if (!this.ours.coverage.includes(this.theirs.coverage)) this.theirs.rewind();
  }

  async #theirsToOurs(): Promise<void> {
    const { events } = this.#parts;
    for await (const { updates, refused, bytes } of this.theirs.news()) {
      await this.#claim();
      events.read(updates.length + refused.length, bytes);
      for (const element of refused) await this.#setAside(element);
      const fresh = updates.filter((update) => !this.ours.coverage.covers(update));
      if (fresh.length === 0) continue;
      await this.#append(fresh);
      events.appended(this.ours.docId, fresh.length);
    }
  }

  /** Before anything is brought over: what nobody could open would be of no use to anybody. */
  async #claim(): Promise<void> {
    if (this.#isClaimed) return;
    const { stores, owner, dryRun, events } = this.#parts;
    const claim = await stores.documents.claim(this.ours.docId, owner, dryRun);
    if (claim === 'deleted') {
      this.#isDeleted = true;
      throw new DeletedHere(this.ours.docId);
    }
    this.#isClaimed = true;
    events.claimed(this.ours.docId, claim);
  }

  async #append(updates: readonly CheckedUpdate[]): Promise<void> {
    if (this.#parts.dryRun) {
      for (const update of updates) this.ours.coverage.add(update);
      return;
    }
    for (const { bytes, parts } of await this.#merged(updates)) await this.ours.append(bytes, parts);
  }

  async #oursToTheirs(): Promise<void> {
    for await (const updates of this.ours.news()) {
      const fresh = updates.filter((update) => !this.theirs.coverage.covers(update));
      if (fresh.length === 0) continue;
      for (const { bytes, parts } of await this.#merged(fresh)) {
        const lacking =
          bytes.length > INLINE_BYTES
            ? await this.#parts.heavy.diff(bytes, this.theirs.coverage.stateVector())
            : bytes;
        await this.theirs.push(lacking, parts);
        this.#parts.events.pushed(this.ours.docId);
      }
    }
  }

  async #setAside(element: RefusedElement): Promise<void> {
    const { stores, events, dryRun } = this.#parts;
    const { index, reason, bytes } = element;
    if (!dryRun) {
      await stores.quarantine.setAside({
        kind: 'entry',
        docId: this.ours.docId,
        // It never had a place in our log. Epochs are clock values, so 0 is none of ours.
        position: { epoch: 0, seq: index + 1 },
        reason: `update ${index} of the y-redis document "${this.theirs.name}": ${reason}`,
        bytes,
      });
    }
    events.refused(this.theirs.name, element);
  }

  /** The updates as one; as they are where they cannot be merged: each passed the guard (LOG9). */
  async #merged(updates: readonly CheckedUpdate[]): Promise<Mergeable[]> {
    const single = updates.map((update) => ({ bytes: update.bytes, parts: [update] }));
    if (single.length === 1) return single;
    const all = updates.map(({ bytes }) => bytes);
    const bytes = all.reduce((sum, { length }) => sum + length, 0);
    try {
      const merged = bytes > INLINE_BYTES ? await this.#parts.heavy.mergeMany(all) : mergeMany(all);
      return [{ bytes: merged, parts: updates }];
    } catch {
      return single;
    }
  }

  async #untilLogStays(run: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await run();
        return;
      } catch (error) {
        if (!(error instanceof LogRestarted) || tries === MAX_TRIES) throw error;
      }
    }
  }
}

type Mergeable = { readonly bytes: Uint8Array; readonly parts: readonly CheckedUpdate[] };
