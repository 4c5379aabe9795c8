import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { newSigningKey, seal } from './sealed-key.ts';
import { SigningKeys } from './signing-keys.ts';

const SECRET = 'a secret of the test, long enough';
const DAY_MS = 86_400_000;

describe('signing keys', () => {
  let first: DatabaseConnection;
  let second: DatabaseConnection;
  let now: number;
  beforeEach(async () => {
    now = Date.now();
    const url = await createDatabase(inject('postgresUrl'));
    [first, second] = [await connect(url), await connect(url)];
    await migrate(first.db);
  });
  afterEach(() => Promise.all([first.close(), second.close()]));

  const connect = (url: string) => connectDatabase({ url }, { applicationName: 'test', connections: 10 });
  const keysOn = ({ db }: DatabaseConnection, secret = SECRET) =>
    new SigningKeys({ db, secret, now: () => now });
  const stored = () => first.db.selectFrom('document_token_keys').selectAll().execute();
  const countQueries = ({ pool }: DatabaseConnection) => {
    const count = { queries: 0 };
    pool.on('acquire', () => {
      count.queries += 1;
    });
    return count;
  };

  it('are one key, however many nodes need the first at once', async () => {
    const nodes = Array.from({ length: 20 }, (_none, index) => keysOn(index % 2 === 0 ? first : second));
    const keys = await Promise.all(nodes.map((node) => node.signing()));
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
    expect(await stored()).toHaveLength(1);
    expect(await Promise.all(nodes.map((node) => node.signing()))).toEqual(keys);
  });

  it('ACC4 are stored encrypted: neither in the clear, nor to be read with another secret or under another id', async () => {
    const { kid, privateKey } = await keysOn(first).signing();
    const [row] = await stored();
    const { d = '' } = privateKey.export({ format: 'jwk' });
    expect(row?.private_jwk.includes(Buffer.from(d, 'base64url'))).toBe(false);
    expect(JSON.stringify(row?.public_jwk)).not.toContain(d);
    expect(await keysOn(second).verifying(kid)).not.toBeNull();
    expect(await keysOn(second, `${SECRET}!`).verifying(kid)).toBeNull();
    await first.db.updateTable('document_token_keys').set({ kid: 'another-kid-of16' }).execute();
    expect(await keysOn(second).verifying('another-kid-of16')).toBeNull();
  });

  it('take none that somebody without the secret wrote into the database', async () => {
    const kid = 'a-kid-of16-chars';
    const values = { kid, public_jwk: '{}', private_jwk: seal(newSigningKey(), kid, Buffer.alloc(32)) };
    await first.db.insertInto('document_token_keys').values(values).execute();
    const keys = keysOn(first);
    expect(await keys.verifying(kid)).toBeNull();
    expect(await keys.jwks()).toEqual([]);
    expect((await keys.signing()).kid).not.toBe(kid);
  });

  it('are replaced after 90 days; the old one verifies until its last token is over, and is deleted later', async () => {
    const keys = keysOn(first);
    const old = await keys.signing();
    const kids = async () => (await keys.jwks()).map(({ kid }) => kid);
    now += 90 * DAY_MS - 1;
    expect((await keys.signing()).kid).toBe(old.kid);
    now += 1;
    const next = await keys.signing();
    expect(next.kid).not.toBe(old.kid);
    expect(await kids()).toEqual([next.kid, old.kid]);
    now += DAY_MS;
    expect(await keys.verifying(old.kid)).not.toBeNull();
    now += 3_600_000;
    expect(await keys.verifying(old.kid)).toBeNull();
    expect(await kids()).toEqual([next.kid]);
    expect(await stored()).toHaveLength(2);
    now += 89 * DAY_MS;
    const last = await keys.signing();
    expect((await stored()).map(({ kid }) => kid).toSorted()).toEqual([next.kid, last.kid].toSorted());
  });

  it('are found on a node that knew others, and a flood of unknown ids costs a query in 2 s', async () => {
    const there = keysOn(second);
    expect(await there.verifying('a-kid-of16-chars')).toBeNull();
    now += 2_000;
    const { kid } = await keysOn(first).signing();
    const count = countQueries(second);
    const flood = Array.from({ length: 500 }, (_none, index) => `kid-${String(index).padStart(12, '0')}`);
    const found = await Promise.all([
      ...flood.map((unknown) => there.verifying(unknown)),
      there.verifying(kid),
    ]);
    expect(found.filter((key) => key !== null)).toHaveLength(1);
    for (const unknown of flood) expect(await there.verifying(unknown)).toBeNull();
    expect(await there.verifying('../../etc/passwd')).toBeNull();
    expect(count.queries).toBe(1);
    now += 2_000;
    for (const unknown of flood) await there.verifying(unknown);
    expect(count.queries).toBe(2);
  });

  it('verify without the database once they were read, and do not ask it for known ones', async () => {
    const keys = keysOn(second);
    const { kid } = await keys.signing();
    const count = countQueries(second);
    for (let times = 0; times < 100; times++) expect(await keys.verifying(kid)).not.toBeNull();
    expect(count.queries).toBe(0);
    await second.close();
    now += DAY_MS;
    expect(await keys.verifying(kid)).not.toBeNull();
    await expect(keysOn(second).verifying(kid)).rejects.toThrow();
  });

  it('that an operator deleted end within 10 minutes', async () => {
    const keys = keysOn(first);
    const { kid } = await keys.signing();
    await first.db.deleteFrom('document_token_keys').execute();
    now += 600_000;
    await expect.poll(() => keys.verifying(kid)).toBeNull();
  });

  it('are shown to the public from memory, with no private part', async () => {
    const keys = keysOn(first);
    const { kid } = await keys.signing();
    now += 60_000;
    const count = countQueries(first);
    const [key, ...others] = await keys.jwks();
    for (let times = 0; times < 100; times++) await keys.jwks();
    expect(key).toEqual({
      kty: 'OKP',
      crv: 'Ed25519',
      x: expect.stringMatching(/^.{43}$/),
      kid,
      alg: 'EdDSA',
      use: 'sig',
    });
    expect(others).toEqual([]);
    expect(count.queries).toBe(1);
  });
});
