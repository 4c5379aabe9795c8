import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { z } from 'zod';
import { ApiError } from './errors.ts';

/** A document's id in a body; in a path it is checked for all routes together. */
export const DOC_ID = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .transform((text, context) => {
    const docId = parseDocId(text);
    if (docId !== null) return docId;
    context.addIssue('is no document id');
    return z.NEVER;
  });

/** The id in the path of a request whose schema was not looked at yet. */
export function docIdOfPath({ params }: { readonly params: unknown }): DocId {
  const found = z.object({ docId: DOC_ID }).safeParse(params);
  if (!found.success) throw new ApiError('badDocId');
  return found.data.docId;
}
