import { type CheckedUpdate, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { UpdateRefused } from '@kryton/engine/protocol/update-refused.ts';
import { Coverage } from './coverage.ts';
import type { YRedisLists } from './y-redis-lists.ts';

/** What one page of a list held. */
export type ListPage = {
  readonly updates: readonly CheckedUpdate[];
  readonly refused: readonly RefusedElement[];
  readonly bytes: number;
};

/** An update that must not enter a document. */
export type RefusedElement = {
  /** Where it stands in the list, from 0. */
  readonly index: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
};

/** A page is about so large: it is in memory at once, with what is merged from it. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Nothing is known of the size of the first ones. */
const FIRST_PAGE = 16;
const LARGEST_PAGE = 8_000;
/** A page may be that much longer than the one before: sizes within a list differ. */
const GROWTH = 4;

/** One document on the side of y-redis: how far its list was read, and what it is known to hold. */
export class TheirDocument {
  readonly name: string;
  readonly #lists: Pick<YRedisLists, 'read' | 'push'>;
  #coverage = new Coverage();
  #clock = 0;
  #pageLength = FIRST_PAGE;

  constructor(lists: Pick<YRedisLists, 'read' | 'push'>, name: string) {
    this.#lists = lists;
    this.name = name;
  }

  get coverage(): Coverage {
    return this.#coverage;
  }

  /** How many updates of the list were taken. */
  get clock(): number {
    return this.#clock;
  }

  /** The list will be read from its start again; what it held is still known. */
  rewind(): void {
    this.#clock = 0;
  }

  /** The list is not the one that was read (it became shorter): nothing is known of it. */
  forget(): void {
    this.#clock = 0;
    this.#coverage = new Coverage();
  }

  /** What the list holds behind the clock, page by page. A page counts as taken when the next one is asked for. */
  async *news(): AsyncGenerator<ListPage> {
    for (;;) {
      const elements = await this.#lists.read(this.name, this.#clock, this.#pageLength);
      if (elements.length === 0) return;
      const page = this.#check(elements);
      const isLast = elements.length < this.#pageLength;
      this.#pageLength = nextLength(elements.length, page.bytes);
      yield page;
      this.#clock += elements.length;
      if (isLast) return;
    }
  }

  /** Adds `update`, which `parts` say the content of. Rejects as {@link YRedisLists.push}; the same bytes may come again. */
  async push(update: Uint8Array, parts: readonly CheckedUpdate[]): Promise<void> {
    const length = await this.#lists.push(this.name, update);
    for (const part of parts) this.#coverage.add(part);
    // Otherwise others have added something before it, and it is passed over when the list is read.
    if (length === this.#clock + 1) this.#clock = length;
  }

  #check(elements: readonly Buffer[]): ListPage {
    const updates: CheckedUpdate[] = [];
    const refused: RefusedElement[] = [];
    let bytes = 0;
    for (const [offset, element] of elements.entries()) {
      bytes += element.length;
      try {
        const checked = checkUpdate(element);
        this.#coverage.add(checked);
        updates.push(checked);
      } catch (error) {
        if (!(error instanceof UpdateRefused)) throw error;
        refused.push({ index: this.#clock + offset, reason: error.message, bytes: element });
      }
    }
    return { updates, refused, bytes };
  }
}

function nextLength(elements: number, bytes: number): number {
  const fitting = Math.floor(PAGE_BYTES / Math.max(bytes / elements, 1));
  return Math.max(1, Math.min(fitting, elements * GROWTH, LARGEST_PAGE));
}
