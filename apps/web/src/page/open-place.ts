import type { SignInPageOptions } from '../account/account-forms.ts';
import { createDocument, fetchDocument } from '../api/documents.ts';
import type { DocumentRow, Me, SignIn } from '../api/shapes.ts';
import { fetchMe, fetchSignIn, prolongSession, signInAsGuest } from '../api/visits.ts';
import { addressOf } from '../document/document-address.ts';
import { type OpeningPorts, openDocument } from '../places/opening.ts';
import type { Place } from '../places/place.ts';
import { element } from './element.ts';
import { showInvalidAddress } from './invalid-address-page.ts';
import { showDeadLink, showNoAccess } from './no-access-page.ts';
import { showUnreachable } from './unreachable-page.ts';

type Visit = { readonly me: Me | null; readonly signIn: SignIn };
type DocumentPlace = Extract<Place, { kind: 'document' }>;

/** Shows what is at `place`. Pages are loaded when they are wanted: the editor is most of all the code. */
export async function openPlace(parent: HTMLElement, place: Place): Promise<void> {
  if (place.kind === 'invalid') return showInvalidAddress(parent, place.text);
  parent.replaceChildren(element('p', { class: 'opening' }, 'Opening…'));
  const isDocument = place.kind === 'document' || place.kind === 'new';
  // Under way while the server is asked who this is.
  const editorCode = isDocument ? import('./editor-page.ts') : null;
  editorCode?.catch(() => {});
  try {
    const [me, signIn] = await Promise.all([fetchMe(), fetchSignIn()]);
    await showPlace(parent, place, { me, signIn });
    if (me !== null) prolongSession();
  } catch (error) {
    showUnreachable(parent, error, () => void openPlace(parent, place));
  }
}

async function showPlace(
  parent: HTMLElement,
  place: Exclude<Place, { kind: 'invalid' }>,
  visit: Visit,
): Promise<void> {
  const { me, signIn } = visit;
  switch (place.kind) {
    case 'document':
      return showDocument(parent, place, visit);
    case 'new': {
      const owner = me ?? (signIn.guests ? await becomeGuest() : null);
      return owner === null ? showSignIn(parent, visit) : startDocument(parent, owner);
    }
    case 'documents': {
      if (me !== null) return (await import('../document/documents-page.ts')).showDocuments({ parent, me });
      // A newcomer came to write, not to look at an empty list.
      const guest = signIn.guests ? await becomeGuest() : null;
      return guest === null ? showSignIn(parent, visit) : startDocument(parent, guest);
    }
    case 'sign-in':
    case 'sign-up': {
      if (me?.kind === 'user' && place.invitation !== null) return location.replace('/');
      const begin = { kind: place.kind, invitation: place.invitation, next: place.next };
      return showSignIn(parent, visit, begin);
    }
  }
  if (me === null) return showSignIn(parent, visit);
  switch (place.kind) {
    case 'account':
      return (await import('../account/account-page.ts')).showAccount({ parent, me });
    case 'agents':
      return (await import('../agents/agents-page.ts')).showAgents({ parent, me });
    case 'administration':
      return (await import('../administration/administration-page.ts')).showAdministration({ parent, me });
    case 'cluster':
      return (await import('../cluster/cluster-page.ts')).showCluster({ parent, me });
  }
}

const ports: OpeningPorts = { fetchDocument, createDocument, becomeGuest };

async function showDocument(parent: HTMLElement, place: DocumentPlace, visit: Visit): Promise<void> {
  const opening = await openDocument(place, visit, ports);
  switch (opening.kind) {
    case 'open':
      return (await import('./editor-page.ts')).openEditorPage(parent, opening);
    case 'sign-in':
      return showSignIn(parent, visit);
    case 'no-access':
      return showNoAccess(parent, place.id, opening.me);
    case 'dead-link':
      return showDeadLink(parent, place.id, opening.me);
  }
}

async function startDocument(parent: HTMLElement, me: Me): Promise<void> {
  const document: DocumentRow = await createDocument();
  history.replaceState(null, '', addressOf(document.id));
  const { openEditorPage } = await import('./editor-page.ts');
  openEditorPage(parent, { kind: 'open', document, me, linkToken: null });
}

/** The form to sign in, at the address where it turned out to be needed unless `begin` says otherwise. */
async function showSignIn(
  parent: HTMLElement,
  { signIn, me }: Visit,
  begin: Pick<SignInPageOptions, 'kind' | 'invitation' | 'next'> = {
    kind: 'sign-in',
    invitation: null,
    next: location.pathname + location.search + location.hash,
  },
): Promise<void> {
  const { showSignInPage } = await import('../account/sign-in-page.ts');
  showSignInPage(parent, { ...begin, signIn, me });
}

/** Of several tabs that open at once, one signs in; the others are the same guest. */
async function becomeGuest(): Promise<Me | null> {
  const signIn = async () => {
    const me = await fetchMe();
    if (me !== null) return me;
    await signInAsGuest();
    return fetchMe();
  };
  // Absent where the page came by plain http from another machine.
  const locks: LockManager | undefined = navigator.locks;
  return locks === undefined ? signIn() : locks.request('kryton.guest', signIn);
}
