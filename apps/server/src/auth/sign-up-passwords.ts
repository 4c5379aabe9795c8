import { AsyncLocalStorage } from 'node:async_hooks';
import { APIError } from 'better-auth/api';
import { LineFull } from './line.ts';
import type { PasswordHashing } from './password-hashing.ts';

type Hashed = { readonly password: string; readonly hash: Promise<string> };

/**
 * The passwords of better-auth. It hashes the one of a sign-up while it has a transaction open, which would keep a
 * connection, and the embedded database altogether, waiting as long as the line of passwords is: so this is done before,
 * and handed over to the same request.
 */
export class SignUpPasswords {
  readonly #hashing: PasswordHashing;
  readonly #request = new AsyncLocalStorage<{ hashed: Hashed | null }>();

  constructor(hashing: PasswordHashing) {
    this.#hashing = hashing;
  }

  /** Handles one request; what is hashed beforehand within it stays within it. */
  within<Result>(handle: () => Promise<Result>): Promise<Result> {
    return this.#request.run({ hashed: null }, handle);
  }

  /** Hashes the password that this request is going to store. */
  async hashBefore(password: string): Promise<void> {
    const request = this.#request.getStore();
    if (!request) return;
    request.hashed = { password, hash: this.hash(password) };
    await request.hashed.hash;
  }

  async hash(password: string): Promise<string> {
    const hashed = this.#request.getStore()?.hashed;
    if (hashed?.password === password) return await hashed.hash;
    return await this.#hashing.hash(password).catch(answerBusy);
  }

  async verify({ hash, password }: { readonly hash: string; readonly password: string }): Promise<boolean> {
    return await this.#hashing.verify(hash, password).catch(answerBusy);
  }
}

function answerBusy(error: unknown): never {
  if (!(error instanceof LineFull)) throw error;
  throw new APIError(
    'SERVICE_UNAVAILABLE',
    { code: 'TOO_BUSY', message: 'Too many people are signing in at the moment, try again soon' },
    { 'retry-after': '10' },
  );
}
