import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { RefusedElement } from './their-document.ts';

/** Prints a line to the operator. */
export type Print = (line: string) => void;

/** Counts what a run does, and says at once what it leaves out. */
export class ImportReport {
  readonly #print: Print;
  readonly #leftOut = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #ownerless = new Set<DocId>();
  #documents = 0;
  #updates = 0;
  #bytes = 0;
  #appended = 0;
  #pushed = 0;

  constructor(print: Print) {
    this.#print = print;
  }

  /** Whether something of theirs did not come over. */
  get isIncomplete(): boolean {
    return this.#leftOut.size > 0 || this.#refused.size > 0;
  }

  document(): void {
    this.#documents += 1;
  }

  claimed(docId: DocId, claim: 'owned' | 'ownerless'): void {
    if (claim === 'ownerless') this.#ownerless.add(docId);
    else this.#ownerless.delete(docId);
  }

  read(updates: number, bytes: number): void {
    this.#updates += updates;
    this.#bytes += bytes;
  }

  appended(updates: number): void {
    this.#appended += updates;
  }

  pushed(): void {
    this.#pushed += 1;
  }

  refused(name: string, { index, reason, bytes }: RefusedElement): void {
    const what = `update ${index} of ${quoted(name)}`;
    if (this.#refused.has(what)) return;
    this.#refused.add(what);
    this.#print(`refused: ${what} (${bytes.length} bytes) is set aside: ${reason}`);
  }

  /** A document, or something that looks like one, is not brought over. Said once for each name. */
  leftOut(name: string, reason: string): void {
    if (this.#leftOut.has(name)) return;
    this.#leftOut.add(name);
    this.#print(`left out: ${quoted(name)}: ${reason}`);
  }

  /** What has to be done about documents that are nobody's; no line when there are none. */
  ownership(): string[] {
    const { size } = this.#ownerless;
    if (size === 0) return [];
    return [
      `${size} documents have no owner, so that only an admin can open them: an admin gives each of them one, or run it ` +
        'again with --owner',
    ];
  }

  summary(seconds: number): string {
    return [
      `${this.#documents} documents, ${this.#updates} updates, ${this.#bytes} bytes read`,
      `${this.#appended} updates were new here, ${this.#pushed} sent there`,
      `${this.#refused.size} refused, ${this.#leftOut.size} documents left out, ${seconds.toFixed(1)} s`,
    ].join('; ');
  }
}

/** A name as it may be printed: it comes from elsewhere and may hold anything. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
