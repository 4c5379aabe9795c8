import { createSecretKey, type KeyObject } from 'node:crypto';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { base64url, type JWTHeaderParameters, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DocumentTokenClaims, DocumentTokens } from './document-tokens.ts';
import { newSigningKey } from './sealed-key.ts';
import { type SigningKey, SigningKeys } from './signing-keys.ts';

const ISSUER = 'https://docs.example.com';
const DAY_S = 86_400;

/** What a test puts in place of what belongs there; undefined takes it away. */
type Wrong = Readonly<Record<string, unknown>>;

describe('document tokens', () => {
  let database: DatabaseConnection;
  let key: SigningKey;
  /** Two nodes on one database. */
  let here: DocumentTokens;
  let there: DocumentTokens;
  let now = Math.floor(Date.now() / 1_000) * 1_000;
  beforeAll(async () => {
    const url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { applicationName: 'test' });
    await migrate(database.db);
    const secret = 'a secret of the test, long enough';
    const node = () => {
      const keys = new SigningKeys({ db: database.db, secret, now: () => now });
      return { keys, tokens: new DocumentTokens({ keys, issuer: ISSUER, now: () => now }) };
    };
    const one = node();
    here = one.tokens;
    there = node().tokens;
    key = await one.keys.signing();
  });
  afterAll(() => database.close());

  const CLAIMS: DocumentTokenClaims = {
    agentId: 'agent-1',
    tokenId: 'token-1',
    docId: doc('notes'),
    role: 'editor',
    userId: 'auth0|Bob Ünal <bob@example.com>',
    name: 'Bob 🎉',
  };

  function doc(text: string): DocId {
    return parseDocId(text) ?? expect.fail('is one');
  }

  const payload = (): JWTPayload => ({
    ...{ iss: ISSUER, aud: 'kryton', sub: 'bob', name: 'Bob', doc: 'notes', role: 'editor' },
    ...{ tid: 'token-1', agent: 'agent-1', iat: now / 1_000, exp: now / 1_000 + 600 },
  });
  const header = (): JWTHeaderParameters => ({ alg: 'EdDSA', typ: 'kryton-document+jwt', kid: key.kid });
  const sign = async (claims: Wrong = {}, headers: Wrong = {}, privateKey: KeyObject = key.privateKey) =>
    await new SignJWT({ ...payload(), ...claims })
      .setProtectedHeader({ ...header(), ...headers })
      .sign(privateKey);

  it('are verified on every node, as the member of the agent that minted them', async () => {
    const { token, expiresAt } = await here.mint(CLAIMS, 600);
    expect(expiresAt).toEqual(new Date(now + 600_000));
    expect(await there.verify(token)).toEqual({
      id: 'member:agent-1:auth0|Bob Ünal <bob@example.com>',
      kind: 'member',
      name: 'Bob 🎉',
      credential: {
        kind: 'document-token',
        tokenId: 'token-1',
        docId: 'notes',
        role: 'editor',
        expiresAtMs: now + 600_000,
      },
    });
    expect(await here.verify(await sign())).not.toBeNull();
  });

  it('fit into a subprotocol, the longest too', async () => {
    const longest = { ...CLAIMS, userId: '\u{1F389}'.repeat(64), name: '\u{1F389}'.repeat(50) };
    const { token } = await here.mint({ ...longest, docId: doc('d'.repeat(64)) }, DAY_S);
    expect(token).toMatch(/^[A-Za-z0-9_.-]+$/);
    expect(token.length).toBeLessThan(2_000);
    expect(await there.verify(token)).toMatchObject({ name: longest.name });
  });

  it('ACC3 end on the second', async () => {
    const { token } = await here.mint(CLAIMS, 60);
    const minted = now;
    now = minted + 59_999;
    expect(await there.verify(token)).not.toBeNull();
    now = minted + 60_000;
    expect(await there.verify(token)).toBeNull();
  });

  it('ACC3 are refused when one character differs', async () => {
    const { token } = await here.mint(CLAIMS, 600);
    const { length } = token;
    // The last character has bits that decoding drops; all others count.
    for (let at = 0; at < length - 1; at += 7) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(await there.verify(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
    }
    for (const cut of [
      token.slice(0, -2),
      `${token}AA`,
      token.split('.').slice(0, 2).join('.'),
      '',
      '..',
      'a.b.c',
    ]) {
      expect(await there.verify(cut)).toBeNull();
    }
  });

  it.each<[name: string, claims: Wrong, headers?: Wrong]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'others' }],
    ['another type', {}, { typ: 'JWT' }],
    ['no type', {}, { typ: undefined }],
    ['another kid', {}, { kid: 'a-kid-of16-chars' }],
    ['a kid that is a path', {}, { kid: '../../../dev/null' }],
    ['no kid', {}, { kid: undefined }],
    ['a life of more than a day', { exp: Date.now() / 1_000 + 2 * DAY_S }],
    ['no end', { exp: undefined }],
    ['no beginning', { iat: undefined }],
    [
      'a beginning in an hour',
      { iat: Math.floor(Date.now() / 1_000) + 3_600, exp: Math.floor(Date.now() / 1_000) + 7_200 },
    ],
    ['not yet', { nbf: Math.floor(Date.now() / 1_000) + 3_600 }],
    ['the role of an owner', { role: 'owner' }],
    ['no role', { role: undefined }],
    ['a document that is none', { doc: '../notes' }],
    ['two documents', { doc: ['notes', 'others'] }],
    ['nobody', { sub: '' }],
    ['a number for a user', { sub: 7 }],
    ['a name with a line break', { name: 'Bob\nroot' }],
    ['a name that runs backwards', { name: 'Bob\u202Etoor' }],
    ['a very long user', { sub: 'b'.repeat(129) }],
    ['an agent that is another principal', { agent: 'agent-1:user:alice' }],
    ['no minting token', { tid: undefined }],
  ])('ACC3 are refused although signed with our key: %s', async (_name, claims, headers) => {
    expect(await there.verify(await sign(claims, headers))).toBeNull();
  });

  it('ACC3 are refused without a signature, or with one that is not ours', async () => {
    const unsecured = new UnsecuredJWT(payload()).encode();
    const bare = (alg: string) =>
      `${base64url.encode(JSON.stringify({ ...header(), alg }))}.${base64url.encode(JSON.stringify(payload()))}.`;
    for (const token of [unsecured, bare('none'), bare('None'), bare('EdDSA')]) {
      expect(await there.verify(token)).toBeNull();
    }
    const stranger = newSigningKey();
    expect(await there.verify(await sign({}, {}, stranger))).toBeNull();
    const jwk = stranger.export({ format: 'jwk' });
    expect(
      await there.verify(await sign({}, { jwk: { kty: 'OKP', crv: 'Ed25519', x: jwk.x ?? '' } }, stranger)),
    ).toBeNull();
    expect(
      await there.verify(await sign({}, { jku: 'https://evil.example/jwks.json' }, stranger)),
    ).toBeNull();
  });

  it('ACC3 are refused when the public key, which everybody knows, was used as a secret', async () => {
    const { x = '' } = key.publicKey.export({ format: 'jwk' });
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' });
    const der = key.publicKey.export({ type: 'spki', format: 'der' });
    for (const secret of [Buffer.from(x, 'base64url'), Buffer.from(x), Buffer.from(pem), der]) {
      const forged = await new SignJWT(payload())
        .setProtectedHeader({ ...header(), alg: 'HS256' })
        .sign(createSecretKey(secret));
      expect(await there.verify(forged)).toBeNull();
    }
  });

  it('cannot be told from bad ones while the keys cannot be read', async () => {
    const away = new Error('PostgreSQL is away');
    const keys = { signing: () => Promise.reject(away), verifying: () => Promise.reject(away) };
    const tokens = new DocumentTokens({ keys, issuer: ISSUER, now: () => now });
    await expect(tokens.verify(await sign())).rejects.toBe(away);
    await expect(tokens.mint(CLAIMS, 60)).rejects.toBe(away);
  });
});
