import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';

/** better-auth's own parameters (`@better-auth/utils/password`), so that its hashes and ours are the same. */
const SCRYPT: ScryptOptions = { N: 16_384, r: 16, p: 1, maxmem: 128 * 16_384 * 16 * 2 };
const KEY_BYTES = 64;
const SALT_BYTES = 16;
/** Threads of libuv's pool unless UV_THREADPOOL_SIZE says otherwise; one is left for files, DNS and signatures. */
const POOL_THREADS = 4;
/** One hash takes about 60 ms: who is last of so many waits half a minute, and proxies give up after a minute. */
const MAX_WAITING = 600;

export type PasswordHashingOptions = {
  /** Hashes at the same time; unless told one less than there are cores, so that one is left for the event loop. */
  readonly atOnce?: number;
  readonly maxWaiting?: number;
};

/** So many wait already that one more would not be served in time. */
export class HashingBusy extends Error {
  override readonly name = 'HashingBusy';

  constructor() {
    super('too many passwords wait to be checked');
  }
}

/**
 * Hashes and checks passwords with scrypt, in libuv's threads. All at once they would take every core and every thread
 * of the pool from those who edit, so a few run at a time and the others wait in line.
 */
export class PasswordHashing {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  readonly #line: (() => void)[] = [];
  #running = 0;

  constructor({ atOnce = defaultAtOnce(), maxWaiting = MAX_WAITING }: PasswordHashingOptions = {}) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  /** `salt:key`, both in hex. Rejects with {@link HashingBusy} when the line is full. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES).toString('hex');
    const key = await this.#derive(password, salt);
    return `${salt}:${key.toString('hex')}`;
  }

  /** Whether `hash` is of `password`. Rejects with {@link HashingBusy} when the line is full. */
  async verify(hash: string, password: string): Promise<boolean> {
    const [salt, hex] = hash.split(':');
    const expected = Buffer.from(hex ?? '', 'hex');
    const key = await this.#derive(password, salt ?? '');
    return expected.length === key.length && timingSafeEqual(expected, key);
  }

  async #derive(password: string, salt: string): Promise<Buffer> {
    await this.#takeTurn();
    try {
      return await deriveKey(password.normalize('NFKC'), salt);
    } finally {
      this.#passTurn();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#line.length >= this.#maxWaiting) throw new HashingBusy();
    await new Promise<void>((resolve) => this.#line.push(resolve));
  }

  /** The turn goes from hand to hand: the count stays while somebody waits. */
  #passTurn(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#running -= 1;
  }
}

function defaultAtOnce(): number {
  return Math.max(1, Math.min(availableParallelism(), POOL_THREADS) - 1);
}

function deriveKey(password: string, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
