import { z } from 'zod';

/** Without NUL, which PostgreSQL cannot store, and its like. */
const SHOWN = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]*$/u;

/**
 * Of text that people read in lists and in logs: one line of it, may be empty. So that nobody puts a line break into a
 * log, or text that runs backwards into a list of names.
 */
export const ONE_LINE = z.regex(
  SHOWN,
  'has line breaks, control characters, or characters that turn the direction of text',
);
