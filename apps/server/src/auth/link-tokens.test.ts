import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { describe, expect, it } from 'vitest';
import { LinkTokens } from './link-tokens.ts';

const SECRET = 'a secret of the test, long enough';

function doc(text: string): DocId {
  return parseDocId(text) ?? expect.fail(`${text} is a document id`);
}

describe('link tokens', () => {
  const links = new LinkTokens(SECRET);
  const linkId = links.newLinkId();
  const token = links.tokenOf(doc('_notes-1_'), linkId);

  it('stand for their document and link, the same on every node', () => {
    expect(new LinkTokens(SECRET).tokenOf(doc('_notes-1_'), linkId)).toBe(token);
    expect(new LinkTokens(SECRET).verify(token)).toMatchObject({
      kind: 'visitor',
      credential: { kind: 'link', docId: '_notes-1_', linkId },
    });
  });

  it('give every visitor an id of their own', () => {
    expect(links.verify(token)?.id).toMatch(/^visitor:/);
    expect(links.verify(token)?.id).not.toBe(links.verify(token)?.id);
  });

  it('open nothing when any character differs', () => {
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(links.verify(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
    }
    expect(links.verify(`${token}A`)).toBeNull();
    expect(links.verify(token.slice(0, -1))).toBeNull();
  });

  it('are of one secret, and not to be made without it', () => {
    expect(new LinkTokens(`${SECRET}!`).verify(token)).toBeNull();
    expect(links.verify(links.tokenOf(doc('other'), linkId).replace('other', '_notes-1_'))).toBeNull();
    expect(links.newLinkId()).not.toBe(linkId);
  });
});
