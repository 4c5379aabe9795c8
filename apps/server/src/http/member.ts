import { z } from 'zod';

/** So that nobody puts a line break into a log, or text that runs backwards into a list of names. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+$/u;

/** How the user ids of a team that vouches for its own people may look: `auth0|5f7c`, an address, a UUID. */
export const MEMBER_ID = z.string().min(1).max(128).regex(PRINTABLE);

/** How such a person may be called. */
export const MEMBER_NAME = z.string().min(1).max(100).regex(PRINTABLE);
