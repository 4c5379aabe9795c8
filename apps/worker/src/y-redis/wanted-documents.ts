import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { DocumentNames } from './document-names.ts';
import type { ImportReport } from './import-report.ts';
import type { FoundKey, YRedisLists } from './y-redis-lists.ts';

export type WantedDocument = { readonly name: string; readonly docId: DocId };

export type WantedParts = {
  readonly lists: Pick<YRedisLists, 'find' | 'types'>;
  readonly names: DocumentNames;
  readonly report: ImportReport;
  readonly prefix: string;
  /** The only documents, by name; all that begin with `prefix` when null. */
  readonly docs: readonly string[] | null;
};

/** The documents of theirs that the operator asked for, each once. What cannot be brought over is reported. */
export async function* wantedDocuments(parts: WantedParts): AsyncGenerator<WantedDocument> {
  const { lists, names, report, prefix, docs } = parts;
  const seen = new Set<string>();
  const found = docs === null ? lists.find(prefix) : await lists.types(docs);
  for await (const { name, type } of found) {
    if (seen.has(name)) continue;
    seen.add(name);
    const problem = whyUnusable(name, type);
    if (problem !== null) {
      report.leftOut(name, problem);
      continue;
    }
    const named = names.documentFor(name);
    if (named.kind === 'document') yield { name, docId: named.docId };
    else report.leftOut(name, named.reason);
  }
}

function whyUnusable(name: string, type: FoundKey['type']): string | null {
  if (type === 'none') return 'there is no such document';
  if (type !== 'list') return `its key holds a ${type}, not the list that y-redis writes`;
  // Redis names are bytes; what is no UTF-8 was replaced on the way, and the key would not be found again.
  if (name.includes('\uFFFD')) return 'its name is no valid UTF-8';
  return null;
}
