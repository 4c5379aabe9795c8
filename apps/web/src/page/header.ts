import { element, icon } from './element.ts';
import { themeButton } from './theme.ts';

export type Header = {
  readonly root: HTMLElement;
  /** The title of the document, taken from its first line; empty for none. */
  title(text: string): void;
};

export type HeaderPorts = {
  readonly savedMark: HTMLElement;
  /** Called when somebody asks for the link. */
  copyLink(): void;
  /** The address of a fresh document, asked for at the moment of the click. */
  newDocumentUrl(): string;
};

/** The head of the page: what this is, whether it is saved, and what one can do with it. */
export function header(ports: HeaderPorts): Header {
  const title = element('h1', {}, 'Untitled');
  const copy = element(
    'button',
    {
      type: 'button',
      class: 'button primary',
      'data-testid': 'copy-link',
      title: 'Copy the link to this document',
    },
    icon('link'),
    element('span', { class: 'words' }, 'Copy link'),
  );
  copy.addEventListener('click', ports.copyLink);
  const fresh = element(
    'a',
    { href: '/', class: 'button', 'data-testid': 'new-document', title: 'Begin a new document' },
    icon('add'),
    element('span', { class: 'words' }, 'New document'),
  );
  const aim = () => {
    fresh.href = ports.newDocumentUrl();
  };
  for (const event of ['pointerdown', 'keydown', 'focus']) fresh.addEventListener(event, aim);
  const logo = element('span', { class: 'logo', title: 'Kryton' }, icon('mark'));
  const name = element('div', { class: 'heading' }, title, ports.savedMark);
  const actions = element('nav', { 'aria-label': 'Document' }, fresh, copy, themeButton());
  return {
    root: element('header', { class: 'head' }, logo, name, actions),
    title(text) {
      title.textContent = text === '' ? 'Untitled' : text;
      title.classList.toggle('untitled', text === '');
      document.title = text === '' ? 'Untitled – Kryton' : `${text} – Kryton`;
    },
  };
}
