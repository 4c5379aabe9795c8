import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { addressOf, readAddress } from '../document/document-address.ts';

/** Where the page's URL leads. Places beside documents are named by `?page=`, for the reason of `readAddress`. */
export type Place =
  | { readonly kind: 'document'; readonly id: DocId; readonly linkToken: string | null }
  /** A document that does not exist yet, with an id of the server's choice. */
  | { readonly kind: 'new' }
  | { readonly kind: 'documents' }
  | {
      readonly kind: 'sign-in' | 'sign-up';
      readonly invitation: string | null;
      /** Where to go once signed in: always an address of this page. */
      readonly next: string;
    }
  | { readonly kind: 'account' | 'agents' | 'administration' | 'cluster' }
  | { readonly kind: 'invalid'; readonly text: string };

/** The part of `location` that is read. */
export type PlaceUrl = { readonly search: string; readonly hash: string };

/** Reads the place. The token of a link and the code of an invitation stand in the fragment: no server sees them. */
export function readPlace({ search, hash }: PlaceUrl): Place {
  const page = new URLSearchParams(search).get('page');
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  switch (page) {
    case 'new':
    case 'account':
    case 'agents':
    case 'administration':
    case 'cluster':
      return { kind: page };
    case 'sign-in':
    case 'sign-up': {
      const id = parseDocId(new URLSearchParams(search).get('doc') ?? '');
      const linkToken = fragment.get('link');
      const next = id === null ? '/' : addressOf(id) + (linkToken === null ? '' : linkFragment(linkToken));
      return { kind: page, invitation: fragment.get('invitation'), next };
    }
  }
  const address = readAddress(search);
  switch (address.kind) {
    case 'document':
      return { kind: 'document', id: address.id, linkToken: fragment.get('link') };
    case 'invalid':
      return address;
    case 'missing': {
      const invitation = fragment.get('invitation');
      return invitation === null ? { kind: 'documents' } : { kind: 'sign-up', invitation, next: '/' };
    }
  }
}

/** The address of a page that is no document. */
export function pageAddress(page: 'new' | 'account' | 'agents' | 'administration' | 'cluster'): string {
  return `/?page=${page}`;
}

/** The address at which one signs in or up and then comes back to `place`. */
export function signInAddress(
  page: 'sign-in' | 'sign-up',
  back: { id: DocId; linkToken: string | null } | null,
) {
  if (back === null) return `/?page=${page}`;
  return `/?page=${page}&doc=${back.id}${back.linkToken === null ? '' : linkFragment(back.linkToken)}`;
}

/** The address of a document for whoever has the link. */
export function linkAddress(id: DocId, token: string): string {
  return addressOf(id) + linkFragment(token);
}

function linkFragment(token: string): string {
  return `#link=${encodeURIComponent(token)}`;
}
