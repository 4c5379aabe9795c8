import { randomUUID } from 'node:crypto';
import { comparePositions, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import * as Y from 'yjs';
import type { WorkerRig } from './worker-rig.ts';

/** As a node asks for a fold: five seconds after an edit. */
const FOLD_DELAY_MS = 5_000;
/** As soon as a document counts as idle, where the way there is not what is tested. */
export const SOON_MS = 3_000;
/** Says one client with one struct and ends there. */
const BROKEN = Uint8Array.of(1, 1, 5, 0, 4);

/** Somebody who writes a document straight into the log, and knows what it must hold: the full history. */
export class Author {
  readonly docId: DocId;
  readonly doc = new Y.Doc();
  readonly #rig: WorkerRig;
  #last: Position = ORIGIN;
  /** When the last edit was acknowledged, by `performance.now`. */
  editedAt = 0;

  constructor(rig: WorkerRig) {
    const docId = parseDocId(randomUUID());
    if (docId === null) throw new Error('a UUID is a document id');
    this.docId = docId;
    this.#rig = rig;
  }

  /** One edit, acknowledged, and its fold asked for, after as long as a node does unless told. */
  async type(text: string, foldDelayMs = FOLD_DELAY_MS): Promise<void> {
    const before = Y.encodeStateVector(this.doc);
    const target = this.doc.getText('text');
    target.insert(target.length, text);
    await this.#append(Y.encodeStateAsUpdate(this.doc, before));
    this.editedAt = performance.now();
    await this.#rig.jobs.scheduleFold(this.docId, foldDelayMs);
  }

  /** An entry that no fold can read. */
  async break(): Promise<void> {
    await this.#append(BROKEN);
  }

  /** Resolves when a snapshot covers everything that was appended, with the ms since the last edit. */
  async folded(withinMs = 20_000): Promise<number> {
    await eventually(
      async () => {
        const stored = (await this.#rig.snapshots.position(this.docId)) ?? ORIGIN;
        return comparePositions(stored, this.#last) >= 0;
      },
      { what: `${this.docId} is folded`, withinMs },
    );
    return Math.round(performance.now() - this.editedAt);
  }

  /** Resolves when the log holds nothing more; workers keep nothing with LOG_KEEP_SECONDS=0. */
  async trimmed(withinMs = 10_000): Promise<void> {
    await eventually(() => this.isTrimmed(), { what: `the log of ${this.docId} is trimmed`, withinMs });
  }

  async isTrimmed(): Promise<boolean> {
    const [head] = await this.#rig.log.heads([this.docId]);
    return head?.isEmpty ?? false;
  }

  /** Throws unless snapshot + log equal the full history, in text, state vector and delete set. */
  async expectWhole(): Promise<void> {
    const stored = await this.#rig.load(this.docId);
    const [ours, theirs] = [this.doc, stored].map((doc) => Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))));
    const text = stored.getText('text').toString();
    if (text !== this.doc.getText('text').toString()) throw new Error(`snapshot + log hold "${text}"`);
    if (!ours || !theirs?.equals(ours)) throw new Error('snapshot + log hold other structs or deletes');
  }

  async #append(update: Uint8Array): Promise<void> {
    const { last } = await this.#rig.log.open(this.docId, this.#last);
    const result = await this.#rig.log.append(this.docId, last, update);
    if (result.kind !== 'appended') throw new Error('the edit was not appended');
    this.#last = result.position;
  }
}
