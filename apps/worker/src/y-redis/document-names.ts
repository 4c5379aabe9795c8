import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { ImportArguments } from './import-arguments.ts';

export type Named =
  | { readonly kind: 'document'; readonly docId: DocId }
  /** The document is left out; `reason` is for the operator. */
  | { readonly kind: 'left-out'; readonly reason: string };

/** Begins every id that stands for a name which is no id itself. */
const RENAMED = 'b64-';

/**
 * Which document of ours stands for which name of theirs. Both ways, because with `--follow` new documents come from
 * either side; and one to one, because two documents under one id would be merged into each other for good.
 */
export class DocumentNames {
  readonly #arguments: Pick<ImportArguments, 'prefix' | 'docs' | 'map' | 'rename'>;
  readonly #nameOfMapped: ReadonlyMap<DocId, string>;
  readonly #taken = new Map<DocId, string>();

  constructor(args: Pick<ImportArguments, 'prefix' | 'docs' | 'map' | 'rename'>) {
    this.#arguments = args;
    this.#nameOfMapped = new Map([...args.map].map(([name, docId]) => [docId, name]));
  }

  /** Whether the operator asked for this name of theirs. */
  isWanted(name: string): boolean {
    const { docs, prefix } = this.#arguments;
    return docs === null ? name.startsWith(prefix) : docs.includes(name);
  }

  /** The document for a name of theirs. The first name that claims an id keeps it. */
  documentFor(name: string): Named {
    const docId = this.#idOf(name);
    if (docId === null) return { kind: 'left-out', reason: this.#whyNoId() };
    const other = this.#taken.get(docId) ?? this.#nameOfMapped.get(docId) ?? name;
    if (other !== name) {
      return { kind: 'left-out', reason: `its id ${docId} is that of "${other}": give one of them --map` };
    }
    this.#taken.set(docId, name);
    return { kind: 'document', docId };
  }

  /** The name of theirs for a document that appeared on our side; null when it is none of those asked for. */
  nameFor(docId: DocId): string | null {
    const name = this.#taken.get(docId) ?? this.#nameOfMapped.get(docId) ?? this.#originalOf(docId) ?? docId;
    // Says no where the id is meant for another document than the one this name would lead to.
    return this.isWanted(name) && this.#idOf(name) === docId ? name : null;
  }

  #idOf(name: string): DocId | null {
    const mapped = this.#arguments.map.get(name);
    if (mapped !== undefined) return mapped;
    const same = parseDocId(name);
    if (same !== null || this.#arguments.rename === 'none') return same;
    return parseDocId(`${RENAMED}${Buffer.from(name).toString('base64url')}`);
  }

  #originalOf(docId: DocId): string | null {
    if (this.#arguments.rename === 'none' || !docId.startsWith(RENAMED)) return null;
    const name = Buffer.from(docId.slice(RENAMED.length), 'base64url').toString();
    return parseDocId(name) === null && this.#idOf(name) === docId ? name : null;
  }

  #whyNoId(): string {
    return this.#arguments.rename === 'none'
      ? 'it is no document id (1 to 64 letters, digits, "_" or "-"): use --map or --rename base64url'
      : 'it is too long for --rename base64url (45 bytes): use --map';
  }
}
