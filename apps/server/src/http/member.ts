import { z } from 'zod';
import { ONE_LINE } from './one-line.ts';

/** How the user ids of a team that vouches for its own people may look: `auth0|5f7c`, an address, a UUID. */
export const MEMBER_ID = z.string().min(1).max(128).check(ONE_LINE);

/** How such a person may be called. */
export const MEMBER_NAME = z.string().min(1).max(100).check(ONE_LINE);
