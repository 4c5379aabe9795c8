import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Me } from '../api/shapes.ts';
import { signInAddress } from '../places/place.ts';
import { showDeadEnd, way } from './dead-end.ts';

/** The page of a document that is not there, or not for them; the server does not tell which. */
export function showNoAccess(parent: HTMLElement, id: DocId, me: Me): void {
  const asOther = me.kind === 'guest' ? 'Sign in' : 'Sign in as somebody else';
  showDeadEnd(parent, {
    testId: 'no-access',
    title: 'You cannot open this document',
    paragraphs: [
      ['It does not exist, or nobody has shared it with you.'],
      [
        me.kind === 'guest'
          ? 'You are here as a guest. If the document was shared with your account, sign in; otherwise ask its owner for the link.'
          : `You are signed in as ${me.email ?? me.name}. Ask the owner of the document to add you, or to send you a link that lets you in.`,
      ],
    ],
    ways: [
      way('/', 'Your documents', 'go-documents', true),
      way(signInAddress('sign-in', { id, linkToken: null }), asOther, 'go-sign-in'),
    ],
  });
}

/** The page behind a link that was removed. */
export function showDeadLink(parent: HTMLElement, id: DocId, me: Me | null): void {
  const signIn = signInAddress('sign-in', { id, linkToken: null });
  showDeadEnd(parent, {
    testId: 'dead-link',
    title: 'This link no longer works',
    paragraphs: [
      ['The owner of the document took the link back, or made a new one. Ask for the new one.'],
      ...(me === null ? [['If the document was shared with your account, sign in.']] : []),
    ],
    ways: [
      ...(me === null ? [way(signIn, 'Sign in', 'go-sign-in', true)] : []),
      way('/', 'Your documents', 'go-documents', me !== null),
    ],
  });
}
