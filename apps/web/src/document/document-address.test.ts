import { describe, expect, it } from 'vitest';
import { addressOf, freshDocId, readAddress } from './document-address.ts';

describe('the document in the URL', () => {
  it('is read back from its own address', () => {
    const id = freshDocId((bytes) => bytes.fill(0xff));
    expect(readAddress(new URL(addressOf(id), 'http://host').search)).toEqual({ kind: 'document', id });
  });

  it('is missing without a doc parameter and with an empty one', () => {
    expect(readAddress('')).toEqual({ kind: 'missing' });
    expect(readAddress('?doc=')).toEqual({ kind: 'missing' });
    expect(readAddress('?other=1')).toEqual({ kind: 'missing' });
  });

  it.each(['a b', 'a/b', 'ä', 'x'.repeat(65), '..%2F'])('refuses %j and says what stood there', (text) => {
    expect(readAddress(`?doc=${encodeURIComponent(text)}`)).toEqual({ kind: 'invalid', text });
  });

  it('accepts ids of 1 and of 64 characters', () => {
    expect(readAddress('?doc=a')).toMatchObject({ kind: 'document' });
    expect(readAddress(`?doc=${'Z_-9'.repeat(16)}`)).toMatchObject({ kind: 'document' });
  });

  it('makes valid ids of every byte, and different ones of different bytes', () => {
    const ids = Array.from({ length: 256 }, (_, byte) => freshDocId((bytes) => bytes.fill(byte)));
    expect(new Set(ids).size).toBe(256);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });
});
