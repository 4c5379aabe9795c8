import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { describe, expect, it } from 'vitest';
import { linkAddress, pageAddress, readPlace, signInAddress } from './place.ts';

const id = documentId('plan');

function documentId(text: string): DocId {
  const parsed = parseDocId(text);
  if (parsed === null) throw new Error(`"${text}" is a document id`);
  return parsed;
}
const read = (address: string) => readPlace(new URL(address, 'http://localhost'));

describe('the place that an address names', () => {
  it('is a document, with the token of its link from the fragment only', () => {
    expect(read('/?doc=plan')).toEqual({ kind: 'document', id, linkToken: null });
    expect(read('/?doc=plan&link=seen')).toEqual({ kind: 'document', id, linkToken: null });
    expect(read('/?doc=plan#link=kryton_link_a_b')).toEqual({
      kind: 'document',
      id,
      linkToken: 'kryton_link_a_b',
    });
  });

  it('is the list of documents without one, and an invitation leads to sign up', () => {
    expect(read('/')).toEqual({ kind: 'documents' });
    expect(read('/?page=nonsense')).toEqual({ kind: 'documents' });
    expect(read('/#invitation=abc')).toEqual({ kind: 'sign-up', invitation: 'abc', next: '/' });
  });

  it('leads nowhere for an id that is none', () => {
    expect(read('/?doc=../etc')).toEqual({ kind: 'invalid', text: '../etc' });
  });

  it('comes back from signing in to the document and its link, and to nothing of somebody else', () => {
    expect(read(signInAddress('sign-in', { id, linkToken: 'a_b' }))).toMatchObject({
      kind: 'sign-in',
      next: linkAddress(id, 'a_b'),
    });
    expect(read(signInAddress('sign-up', null))).toMatchObject({ kind: 'sign-up', next: '/' });
    expect(read('/?page=sign-in&doc=//evil.example')).toMatchObject({ next: '/' });
    expect(read('/?page=sign-in&doc=https%3A%2F%2Fevil.example')).toMatchObject({ next: '/' });
  });

  it.each(['new', 'account', 'agents', 'administration', 'cluster'] as const)(
    '%s is found at its address',
    (page) => {
      expect(read(pageAddress(page))).toEqual({ kind: page });
    },
  );
});
