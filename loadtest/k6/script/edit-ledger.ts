import type * as Y from 'yjs';
import { deliveryLatency, editsMade } from './measures.ts';
import type { YjsSession } from './yjs-session.ts';

/** One session's latest edit: how many it has made, when (ms since 1970), and on which node. */
type Edit = readonly [count: number, atMs: number, node: string];

/** Which edits a session should have of the others, and which it has. */
export type Account = { readonly expected: number; readonly received: number; readonly lost: number };

/**
 * Makes edits that can be counted: each writes how many its author has made to the author's own key of a Y.Map, so that
 * the document stays small for hours. Yjs takes nothing in whose author's earlier edits it lacks, so the latest number
 * of an author says that all before it have arrived.
 */
export class EditLedger {
  readonly #session: YjsSession;
  readonly #author: string;
  readonly #edits: Y.Map<Edit>;
  /** What of whom was there already when the session first synced. */
  #before: ReadonlyMap<string, number> | null = null;
  #made = 0;

  /** `author` is unique in the document; `step` names the part of the run that it is. */
  constructor(session: YjsSession, author: string, step: () => string) {
    this.#session = session;
    this.#author = author;
    this.#edits = editsOf(session.doc);
    this.#edits.observe((event) => {
      if (event.transaction.local || !session.isLive || !session.isSynced) return;
      for (const key of event.keysChanged) if (key !== author) this.#delivered(this.#edits.get(key), step());
    });
  }

  /** Called when the document has arrived; only the first time counts. */
  joined(): void {
    this.#before ??= countsOf(this.#edits);
  }

  /** Connected or not: what is made without a connection is brought along later. */
  edit(): void {
    this.#made += 1;
    editsMade.add(1);
    const edit: Edit = [this.#made, Date.now(), this.#session.node ?? ''];
    this.#edits.set(this.#author, edit);
  }

  /** Against a document of the server, when nobody edits any more. */
  account(final: Y.Doc): Account {
    const stored = countsOf(editsOf(final));
    const mine = countsOf(this.#edits);
    let [expected, received] = [0, 0];
    for (const [author, count] of stored) {
      if (author === this.#author) continue;
      const before = this.#before?.get(author) ?? 0;
      expected += count - before;
      received += (mine.get(author) ?? 0) - before;
    }
    return { expected, received, lost: this.#made - (stored.get(this.#author) ?? 0) };
  }

  #delivered(edit: Edit | undefined, step: string): void {
    if (!edit) return;
    const [, atMs, node] = edit;
    const path = node === this.#session.node ? 'same' : 'across';
    deliveryLatency.add(this.#session.receivedAtMs - atMs, { path, step });
  }
}

function editsOf(doc: Y.Doc): Y.Map<Edit> {
  return doc.getMap<Edit>('edits');
}

function countsOf(edits: Y.Map<Edit>): Map<string, number> {
  return new Map([...edits].map(([author, [count]]) => [author, count]));
}
