import { createHash } from 'node:crypto';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import { APIError } from 'better-auth/api';

const WINDOW_S = 600;
/**
 * Guesses at one password, from all addresses together: some 4,000 a day, nothing against ten characters. Who floods an
 * account locks its owner out of signing in by password for the time being, not out of sessions or passkeys.
 */
const MAX_ATTEMPTS = 30;

/** Counts sign-ins by password per account, whether there is such an account or not. */
export class SignInAttempts {
  readonly #sessions: Pick<SessionStorage, 'increment'>;

  constructor(sessions: Pick<SessionStorage, 'increment'>) {
    this.#sessions = sessions;
  }

  /** Throws the answer 429 when there were too many. */
  async count(email: string): Promise<void> {
    const account = createHash('sha256').update(email.toLowerCase()).digest('base64url');
    if ((await this.#sessions.increment(`sign-in-attempts:${account}`, WINDOW_S)) <= MAX_ATTEMPTS) return;
    throw new APIError(
      'TOO_MANY_REQUESTS',
      {
        code: 'TOO_MANY_ATTEMPTS',
        message: 'Too many attempts to sign in to this account, wait ten minutes',
      },
      { 'retry-after': String(WINDOW_S) },
    );
  }
}
