import { accountMenu, type Back } from '../account/account-menu.ts';
import type { Me, Role } from '../api/shapes.ts';
import { pageAddress } from '../places/place.ts';
import { element, icon } from './element.ts';
import { homeLink } from './plain-page.ts';
import { themeButton } from './theme.ts';

export type Header = {
  readonly root: HTMLElement;
  /** The title of the document, taken from its first line; empty for none. */
  title(text: string): void;
  /** What the one in front of it may do: owners share, the others pass the link on. */
  role(role: Role): void;
};

export type HeaderPorts = {
  readonly savedMark: HTMLElement;
  readonly me: Me | null;
  /** The document, for those who sign in on their way. */
  readonly back: Back;
  /** Called when somebody asks for the link. */
  copyLink(): void;
  /** Called when an owner wants to see or change who may open the document. */
  share(): void;
};

/** The head of the page: what this is, whether it is saved, and what one can do with it. */
export function header(ports: HeaderPorts): Header {
  const title = element('h1', {}, 'Untitled');
  const copy = headButton('copy-link', 'link', 'Copy link', 'Copy the link to this document');
  copy.addEventListener('click', ports.copyLink);
  const share = headButton('share', 'share', 'Share', 'Who may open this document');
  share.addEventListener('click', ports.share);
  const fresh = element(
    'a',
    {
      href: pageAddress('new'),
      class: 'button',
      'data-testid': 'new-document',
      title: 'Begin a new document',
    },
    icon('add'),
    element('span', { class: 'words' }, 'New document'),
  );
  const actions = element(
    'nav',
    { 'aria-label': 'Document' },
    fresh,
    copy,
    themeButton(),
    accountMenu(ports.me, ports.back),
  );
  const name = element('div', { class: 'heading' }, title, ports.savedMark);
  return {
    root: element('header', { class: 'head' }, homeLink(), name, actions),
    title(text) {
      title.textContent = text === '' ? 'Untitled' : text;
      title.classList.toggle('untitled', text === '');
      document.title = text === '' ? 'Untitled – Kryton' : `${text} – Kryton`;
    },
    role(role) {
      if (role === 'owner') copy.replaceWith(share);
      else share.replaceWith(copy);
    },
  };
}

function headButton(testId: string, sign: 'link' | 'share', words: string, title: string): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', class: 'button primary', 'data-testid': testId, title },
    icon(sign),
    element('span', { class: 'words' }, words),
  );
}
