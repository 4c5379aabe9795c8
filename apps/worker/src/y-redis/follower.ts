import { DeadlineExceeded, deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { LogHead, UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { DocumentLink } from './document-link.ts';
import type { DocumentNames } from './document-names.ts';
import { FollowedDocument } from './followed-document.ts';
import type { ImportReport, Print } from './import-report.ts';
import type { Retries } from './retries.ts';
import { Slots } from './slots.ts';
import type { WantedDocument } from './wanted-documents.ts';
import type { YRedisLists } from './y-redis-lists.ts';

/** Lengths and heads are compared so often: a lost message heals within 5 s (LOG4), ours and theirs. */
const COMPARE_EVERY_MS = 3_000;
/** New documents that nobody announced are looked for so often. */
const DISCOVER_EVERY_MS = 5_000;
/** Documents asked about in one go. */
const CHUNK = 500;
const AT_A_TIME = 8;

export type FollowerParts = {
  readonly lists: Pick<YRedisLists, 'lengths' | 'announce' | 'listen'>;
  readonly log: Pick<UpdateLog, 'subscribe' | 'heads' | 'documents' | 'onInterruption'>;
  readonly names: DocumentNames;
  readonly link: (name: string, docId: DocId) => DocumentLink;
  readonly wanted: () => AsyncIterable<WantedDocument>;
  /** Documents of ours that were folded, with a log or without. */
  readonly folded: () => AsyncIterable<DocId>;
  /** What the names of all wanted documents begin with. */
  readonly prefixes: readonly string[];
  readonly report: ImportReport;
  readonly retries: Retries;
  readonly timers: Timers;
  readonly print: Print;
  readonly signal: AbortSignal;
};

/** Where the two sides of one document stand. */
type Standing = { readonly length: number; readonly head: LogHead | null };

/**
 * Keeps a y-redis deployment and our log in step until the clients have moved: every document that appears on either
 * side is linked, every message makes its link work, and comparing lengths and heads finds what messages did not tell.
 */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #documents = new Map<string, FollowedDocument>();
  readonly #slots = new Slots(AT_A_TIME);
  #isLeaving = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** Listens, links every document, and resolves when both sides of each have been brought in step. */
  async start(): Promise<void> {
    const { lists, log, prefixes, retries } = this.#parts;
    log.onInterruption(() => this.#pokeAll());
    // Before anything is read: what is announced from here on is not missed.
    await lists.listen(prefixes, {
      announced: (name, length) => this.#announced(name, length),
      interrupted: () => this.#pokeAll(),
    });
    await retries.run('finding documents', async () => {
      await this.#discover();
      for await (const docId of this.#parts.folded()) this.#addOurs(docId);
    });
    void this.#repeat(COMPARE_EVERY_MS, 'comparing both sides', () => this.#compare());
    void this.#repeat(DISCOVER_EVERY_MS, 'looking for new documents', () => this.#discover());
    for (const { reconciled } of this.#documents.values()) await reconciled;
  }

  /** Looks at both sides once more, carries over what is there, and stops. Takes at most `deadlineMs`; never rejects. */
  async finish(deadlineMs: number): Promise<void> {
    const { print } = this.#parts;
    this.#isLeaving = true;
    const leaving = [...this.#documents.values()].map((document) => document.leave());
    try {
      await deadline(Promise.all(leaving), deadlineMs, 'carrying over the rest');
    } catch (error) {
      const reason = error instanceof DeadlineExceeded ? error.message : `it failed: ${String(error)}`;
      print(`not everything could be carried over (${reason}); run it again, it goes on from there`);
    }
  }

  /** Prints where each side stands. */
  async printState(): Promise<void> {
    const { print } = this.#parts;
    let inStep = 0;
    let updates = 0;
    for (const documents of this.#chunks()) {
      const standings = await this.#standings(documents);
      documents.forEach((document, index) => {
        const standing = standings[index];
        if (standing === undefined) return;
        const { length, head } = standing;
        const { theirs, ours } = document.link;
        updates += length;
        if (document.link.isDeleted) return;
        if (document.isIdle && length === theirs.clock && !ours.differsFrom(head)) inStep += 1;
        else print(`not in step: ${JSON.stringify(theirs.name)}: ${theirs.clock} of ${length} updates taken`);
      });
    }
    print(
      `${this.#documents.size} documents followed, ${inStep} in step; ${updates} updates in the lists of y-redis`,
    );
  }

  #announced(name: string, length: number | null): void {
    if (!this.#parts.names.isWanted(name)) return;
    const document = this.#documents.get(name);
    if (document) document.announced(length);
    // Other messages on other channels pass here too; those of y-redis are lengths.
    else if (length !== null) this.#addTheirs(name);
  }

  #addTheirs(name: string): void {
    const { names, report } = this.#parts;
    if (this.#isLeaving) return;
    const named = names.documentFor(name);
    if (named.kind === 'document') this.#add(name, named.docId);
    else report.leftOut(name, named.reason);
  }

  #addOurs(docId: DocId): void {
    const name = this.#parts.names.nameFor(docId);
    if (name !== null && !this.#documents.has(name)) this.#addTheirs(name);
  }

  #add(name: string, docId: DocId): void {
    if (this.#documents.has(name)) return;
    const { log, timers, signal, print, report, link } = this.#parts;
    const onTrouble = (which: string, error: unknown) =>
      print(`trouble with ${JSON.stringify(which)}, tried again: ${String(error)}`);
    const onDeleted = (which: string, reason: string) => report.leftOut(which, reason);
    const parts = { log, timers, signal, onTrouble, onDeleted, slots: this.#slots };
    const document = new FollowedDocument(parts, link(name, docId));
    this.#documents.set(name, document);
    report.document();
    document.poke();
  }

  async #discover(): Promise<void> {
    for await (const { name, docId } of this.#parts.wanted()) this.#add(name, docId);
    for await (const docId of this.#parts.log.documents()) this.#addOurs(docId);
  }

  async #compare(): Promise<void> {
    for (const documents of this.#chunks()) {
      const idle = documents.filter(({ isIdle }) => isIdle);
      const clocks = idle.map(({ link }) => link.theirs.clock);
      const standings = await this.#standings(idle);
      for (const [index, document] of idle.entries()) {
        const standing = standings[index];
        const asked = clocks[index];
        if (standing === undefined || asked === undefined) continue;
        const { length, head } = standing;
        if (!document.compare(length, head, asked)) continue;
        // Whoever we did not hear from, the live peers of y-redis did not hear from either.
        await this.#parts.lists.announce(document.link.theirs.name, length);
      }
    }
  }

  async #standings(documents: readonly FollowedDocument[]): Promise<Standing[]> {
    const { lists, log } = this.#parts;
    const [lengths, heads] = await Promise.all([
      lists.lengths(documents.map(({ link }) => link.theirs.name)),
      log.heads(documents.map(({ link }) => link.ours.docId)),
    ]);
    return lengths.map((length, index) => ({ length, head: heads[index] ?? null }));
  }

  #chunks(): FollowedDocument[][] {
    const all = [...this.#documents.values()];
    const chunks: FollowedDocument[][] = [];
    for (let start = 0; start < all.length; start += CHUNK) chunks.push(all.slice(start, start + CHUNK));
    return chunks;
  }

  #pokeAll(): void {
    for (const document of this.#documents.values()) document.poke();
  }

  async #repeat(everyMs: number, what: string, run: () => Promise<void>): Promise<void> {
    const { timers, print, signal, retries } = this.#parts;
    for (;;) {
      await pause(timers, everyMs);
      if (this.#isLeaving || signal.aborted) return;
      try {
        await retries.run(what, run);
      } catch (error) {
        if (!signal.aborted) print(`${what} failed and is tried again: ${String(error)}`);
      }
    }
  }
}
