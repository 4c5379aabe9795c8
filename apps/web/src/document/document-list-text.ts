import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { readAddress } from './document-address.ts';

/**
 * The document ids in what somebody typed or pasted: ids or addresses of this page, with commas or spaces between
 * them. Throws an Error that names the first part that is neither.
 */
export function docIdsIn(text: string): readonly DocId[] {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const ids = parts.map((part) => {
    const id = URL.canParse(part) ? idInAddress(part) : parseDocId(part);
    if (id === null) throw new Error(`“${part}” is neither the id nor the address of a document`);
    return id;
  });
  return [...new Set(ids)];
}

function idInAddress(text: string): DocId | null {
  const address = readAddress(new URL(text).search);
  return address.kind === 'document' ? address.id : null;
}
