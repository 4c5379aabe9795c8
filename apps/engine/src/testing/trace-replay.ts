import { setImmediate as nextTurn } from 'node:timers/promises';
import * as Y from 'yjs';
import { applyPatches, type ConcurrentTrace, type TraceStep } from './editing-trace.ts';

/** One author's end of the transport: a document that is (or will be) connected to those of the others. */
export type ReplayAuthor = { readonly doc: Y.Doc };

export type ReplayOptions = {
  /** One for each author of the trace, in its order. Their transport is the caller's. */
  readonly authors: readonly ReplayAuthor[];
  /** The root text; `text` unless told. */
  readonly textName?: string;
  /** How long an author waits for what the trace says it had seen, in ms; 30,000 unless told. */
  readonly waitWithinMs?: number;
  /** Awaited after each step; a turn of the event loop unless told, so that a transport gets its share. */
  readonly afterStep?: (author: number, step: number) => Promise<void>;
};

/** Author `n` writes as this client id + n. Which ids does not matter, but their order decides who stands first. */
const FIRST_CLIENT_ID = 1_000;

/**
 * Replays a concurrent trace: every author makes its steps in order, each at exactly the version that the trace names,
 * and not before its document has received that version through the caller's transport.
 *
 * A document on a live transport usually holds more than that version (the other author types on), and then the
 * positions of the trace would point elsewhere. So a step is made on a private draft that holds exactly the version,
 * and the update which that gives is applied to the author's document, as an edit of an author who had not seen more.
 *
 * Resolves when every step is made; that everybody has received everything is the caller's to wait for. Rejects with
 * an Error naming author and step when a version does not arrive in time.
 */
export async function replay(trace: ConcurrentTrace, options: ReplayOptions): Promise<void> {
  if (options.authors.length !== trace.authors.length) {
    throw new Error(`the trace has ${trace.authors.length} authors, not ${options.authors.length}`);
  }
  const writers = options.authors.map(({ doc }, index) => new Writer(index, doc, options));
  await Promise.all(writers.map((writer, index) => writer.write(trace.authors[index] ?? [], writers)));
  for (const writer of writers) writer.destroy();
}

class Writer {
  readonly #index: number;
  readonly #doc: Y.Doc;
  readonly #draft = new Y.Doc();
  readonly #options: ReplayOptions;
  /** Of each step made: its update, and the client's clock after it. */
  readonly #made: { readonly update: Uint8Array; readonly clock: number }[] = [];
  /** How many steps of each author the draft holds. */
  readonly #drafted: number[];

  constructor(index: number, doc: Y.Doc, options: ReplayOptions) {
    this.#index = index;
    this.#doc = doc;
    this.#options = options;
    this.#drafted = options.authors.map(() => 0);
    this.#draft.clientID = FIRST_CLIENT_ID + index;
  }

  async write(steps: readonly TraceStep[], writers: readonly Writer[]): Promise<void> {
    const { afterStep = () => nextTurn() } = this.#options;
    for (const [number, step] of steps.entries()) {
      await this.#catchUp(number, step, writers);
      Y.applyUpdate(this.#doc, this.#make(step), 'replay');
      await afterStep(this.#index, number);
    }
  }

  destroy(): void {
    this.#draft.destroy();
  }

  /** Waits until the other authors' steps that `step` had seen are in the document, and puts them into the draft. */
  async #catchUp(number: number, step: TraceStep, writers: readonly Writer[]): Promise<void> {
    for (const [author, count] of step.seen.entries()) {
      const other = writers[author];
      if (other === undefined || other === this) continue;
      const holds = () => other.#made.length >= count && this.#received(other, count);
      if (!holds())
        await this.#until(
          holds,
          `step ${number} of author ${this.#index}: author ${author}'s ${count} steps`,
        );
      const missing = other.#made.slice(this.#drafted[author] ?? 0, count);
      for (const { update } of missing) Y.applyUpdate(this.#draft, update);
      this.#drafted[author] = count;
    }
  }

  /** A step that only deletes moves no clock; nothing about it needs to be waited for. */
  #received(other: Writer, count: number): boolean {
    const needed = count === 0 ? 0 : (other.#made[count - 1]?.clock ?? 0);
    return Y.getState(this.#doc.store, other.#draft.clientID) >= needed;
  }

  #make(step: TraceStep): Uint8Array {
    const before = Y.encodeStateVector(this.#draft);
    const updates: Uint8Array[] = [];
    const keep = (update: Uint8Array) => updates.push(update);
    this.#draft.on('update', keep);
    applyPatches(this.#draft.getText(this.#options.textName ?? 'text'), step.patches);
    this.#draft.off('update', keep);
    const update = updates[0] ?? Y.encodeStateAsUpdate(this.#draft, before);
    this.#made.push({ update, clock: Y.getState(this.#draft.store, this.#draft.clientID) });
    return update;
  }

  /** The condition can only turn true by an update of this document, or of the other's while it applies its own. */
  #until(holds: () => boolean, what: string): Promise<void> {
    const { waitWithinMs = 30_000, authors } = this.#options;
    const docs = authors.map(({ doc }) => doc);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(deadline);
        for (const doc of docs) doc.off('update', look);
        settle();
      };
      const look = () => {
        if (holds()) finish(resolve);
      };
      const late = () => finish(() => reject(new Error(`not received within ${waitWithinMs} ms: ${what}`)));
      const deadline = setTimeout(late, waitWithinMs);
      for (const doc of docs) doc.on('update', look);
    });
  }
}
