import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Line, type LineOptions } from './line.ts';

/** better-auth's own parameters (`@better-auth/utils/password`), so that its hashes and ours are the same. */
const SCRYPT: ScryptOptions = { N: 16_384, r: 16, p: 1, maxmem: 128 * 16_384 * 16 * 2 };
const KEY_BYTES = 64;
const SALT_BYTES = 16;
/** Threads of libuv's pool unless UV_THREADPOOL_SIZE says otherwise; one is left for files, DNS and signatures. */
const POOL_THREADS = 4;
/** More than requests are let in (`auth-lanes.ts`), which wait in front. */
const MAX_WAITING = 600;

/**
 * Hashes and checks passwords with scrypt, in libuv's threads: 60 to 100 ms of a core each. All at once they would take
 * every core and every thread of the pool from those who edit, so a few run at a time, one less than there are cores
 * unless told, and the others wait in line.
 */
export class PasswordHashing {
  readonly #line: Line;

  constructor({ atOnce = defaultAtOnce(), maxWaiting = MAX_WAITING }: Partial<LineOptions> = {}) {
    this.#line = new Line({ atOnce, maxWaiting });
  }

  /** `salt:key`, both in hex. Rejects with `LineFull`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES).toString('hex');
    const key = await this.#derive(password, salt);
    return `${salt}:${key.toString('hex')}`;
  }

  /** Whether `hash` is of `password`. Rejects with `LineFull`. */
  async verify(hash: string, password: string): Promise<boolean> {
    const [salt, hex] = hash.split(':');
    const expected = Buffer.from(hex ?? '', 'hex');
    // Not written by us; there is nothing to compare with.
    if (expected.length !== KEY_BYTES) return false;
    return timingSafeEqual(expected, await this.#derive(password, salt ?? ''));
  }

  #derive(password: string, salt: string): Promise<Buffer> {
    return this.#line.run(() => deriveKey(password.normalize('NFKC'), salt));
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
