import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { type Kysely, sql } from 'kysely';
import { deriveKey } from './derived-key.ts';
import { newSigningKey, seal, unseal } from './sealed-key.ts';

export type SigningKeysParts = {
  readonly db: Kysely<Database>;
  /** BETTER_AUTH_SECRET: a new one ends every key. */
  readonly secret: string;
  /** ms since 1970. */
  readonly now: () => number;
};

export type SigningKey = {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** ms since 1970. */
  readonly createdAtMs: number;
};

/** One public key as RFC 7517 and RFC 8037 write it. */
export type PublicJwk = {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
};

const DAY_MS = 86_400_000;
/** A key signs as long as this, by its own age: no node has to be told when there is another. */
const SIGNS_MS = 90 * DAY_MS;
/** And verifies until the last token that it signed is over (a day), with an hour for clocks that differ. */
const VERIFIES_MS = SIGNS_MS + DAY_MS + 3_600_000;
/** An unknown key may be a new one, made by another node; but looking costs a query, whoever sends it. */
const UNKNOWN_EVERY_MS = 2_000;
/** So that keys which an operator deleted end without a restart. */
const STALE_MS = 600_000;
/** Where everybody may ask, a query is made this often at most. */
const PUBLIC_STALE_MS = 60_000;
const KID_BYTES = 12;
const KID = /^[A-Za-z0-9_-]{16}$/;
/** Any number, the same on every node: held while one of them makes a key. */
const LOCK = 7_379_840_251;
/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;

/**
 * The keys that sign document tokens. They are kept in the database, the private part encrypted, made when first
 * needed, and replaced every 90 days. Only keys whose private part opens with this server's secret count: whoever can
 * only write to the database adds none.
 */
export class SigningKeys {
  readonly #parts: SigningKeysParts;
  readonly #sealingKey: Buffer;
  /** The newest first; null until they were read once. */
  #keys: readonly SigningKey[] | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<readonly SigningKey[]> | null = null;
  #making: Promise<SigningKey> | null = null;

  constructor(parts: SigningKeysParts) {
    this.#parts = parts;
    this.#sealingKey = deriveKey(parts.secret, 'kryton document token keys 1');
  }

  /** The key to sign with. Rejects when the database does not answer. */
  async signing(): Promise<SigningKey> {
    const known = this.#signingOf(await this.#current(STALE_MS));
    if (known !== null) return known;
    this.#making ??= this.#make().finally(() => {
      this.#making = null;
    });
    return await this.#making;
  }

  /**
   * The public key that a token names; null when there is none, or its time is up. Costs no query but for the first,
   * and for a key that is not known, at most one in {@link UNKNOWN_EVERY_MS}. Rejects when the database does not answer
   * and no key was ever read.
   */
  async verifying(kid: string): Promise<KeyObject | null> {
    if (!KID.test(kid)) return null;
    const known = this.#keyOf(await this.#current(STALE_MS), kid);
    if (known !== null) return known;
    return this.#keyOf(await this.#current(UNKNOWN_EVERY_MS, true), kid);
  }

  /** All public keys of tokens that may be in force. Rejects when the database does not answer. */
  async jwks(): Promise<PublicJwk[]> {
    const keys = (await this.#current(PUBLIC_STALE_MS, true)).filter((key) => this.#verifies(key));
    return keys.map(({ kid, publicKey }) => {
      const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
      return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
    });
  }

  #keyOf(keys: readonly SigningKey[], kid: string): KeyObject | null {
    const key = keys.find((candidate) => candidate.kid === kid);
    return key && this.#verifies(key) ? key.publicKey : null;
  }

  #verifies({ createdAtMs }: SigningKey): boolean {
    return this.#parts.now() - createdAtMs < VERIFIES_MS;
  }

  #signingOf(keys: readonly SigningKey[]): SigningKey | null {
    const newest = keys[0];
    return newest && this.#parts.now() - newest.createdAtMs < SIGNS_MS ? newest : null;
  }

  /** What was read less than `staleMs` ago, or else is read now; only `isNeeded` makes the caller wait for that. */
  async #current(staleMs: number, isNeeded = false): Promise<readonly SigningKey[]> {
    const known = this.#keys;
    if (known !== null && this.#parts.now() - this.#readAtMs < staleMs) {
      // A read that is under way may have been asked for by somebody who knows of a newer key.
      return isNeeded && this.#reading ? await this.#reading : known;
    }
    const reading = this.#read();
    if (known === null || isNeeded) return await reading;
    // Whoever needs what is new waits for it and hears of failures.
    reading.catch(() => {});
    return known;
  }

  #read(): Promise<readonly SigningKey[]> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readAll(): Promise<readonly SigningKey[]> {
    this.#readAtMs = this.#parts.now();
    const keys = await deadline(this.#select(this.#parts.db), DEADLINE_MS, 'reading signing keys');
    this.#keys = keys;
    return keys;
  }

  /** Makes a key, unless another node was quicker. */
  async #make(): Promise<SigningKey> {
    const making = this.#parts.db.transaction().execute(async (transaction) => {
      await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(transaction);
      const keys = await this.#select(transaction);
      const signing = this.#signingOf(keys);
      if (signing !== null) return { signing, keys };
      const made = await this.#insert(transaction);
      const oldest = new Date(made.createdAtMs - VERIFIES_MS);
      await transaction.deleteFrom('document_token_keys').where('created_at', '<', oldest).execute();
      return { signing: made, keys: [made, ...keys] };
    });
    const { signing, keys } = await deadline(making, DEADLINE_MS, 'making a signing key');
    this.#keys = keys;
    return signing;
  }

  async #insert(database: Kysely<Database>): Promise<SigningKey> {
    const privateKey = newSigningKey();
    const publicKey = createPublicKey(privateKey);
    const kid = randomBytes(KID_BYTES).toString('base64url');
    const createdAtMs = this.#parts.now();
    await database
      .insertInto('document_token_keys')
      .values({
        kid,
        public_jwk: JSON.stringify(publicKey.export({ format: 'jwk' })),
        private_jwk: seal(privateKey, kid, this.#sealingKey),
        created_at: new Date(createdAtMs),
      })
      .execute();
    return { kid, privateKey, publicKey, createdAtMs };
  }

  async #select(database: Kysely<Database>): Promise<readonly SigningKey[]> {
    const rows = await database
      .selectFrom('document_token_keys')
      .select(['kid', 'private_jwk', 'created_at'])
      .orderBy('created_at', 'desc')
      .orderBy('kid')
      .execute();
    return rows.flatMap(({ kid, private_jwk, created_at }) => {
      const privateKey = unseal(private_jwk, kid, this.#sealingKey);
      if (privateKey === null) return [];
      const publicKey = createPublicKey(privateKey);
      return [{ kid, privateKey, publicKey, createdAtMs: created_at.getTime() }];
    });
  }
}
