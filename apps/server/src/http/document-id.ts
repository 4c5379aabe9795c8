import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { z } from 'zod';

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
