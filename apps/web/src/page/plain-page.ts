import { accountMenu } from '../account/account-menu.ts';
import type { Me } from '../api/shapes.ts';
import { pageAddress } from '../places/place.ts';
import { element, icon } from './element.ts';
import { notices } from './notices.ts';
import { themeButton } from './theme.ts';

/** What every page beside the editor gets. */
export type PageVisit = {
  readonly parent: HTMLElement;
  readonly me: Me;
};

export type PlainPage = {
  readonly content: HTMLElement;
  /** In the head, in front of the theme and the account. */
  readonly actions: HTMLElement;
  toast(text: string): void;
};

export type PlainPageName = 'documents' | 'account' | 'agents' | 'administration' | 'cluster';

const TITLES: Readonly<Record<PlainPageName, string>> = {
  documents: 'Documents',
  account: 'Account',
  agents: 'Agents and tokens',
  administration: 'Administration',
  cluster: 'Cluster',
};

/** The frame of a page that is no document: the same head, links between these pages, and a column of content. */
export function plainPage({ parent, me }: PageVisit, name: PlainPageName): PlainPage {
  document.title = `${TITLES[name]} – Kryton`;
  const note = notices();
  const actions = element('div', { class: 'head-actions' });
  const content = element('main', { class: 'column', id: 'content', 'data-testid': `${name}-page` });
  parent.replaceChildren(
    element('a', { href: '#content', class: 'skip' }, 'Skip to the content'),
    element(
      'header',
      { class: 'head' },
      homeLink(),
      element('div', { class: 'heading' }, element('h1', {}, TITLES[name])),
      element('nav', { 'aria-label': 'Page' }, actions, themeButton(), accountMenu(me, null)),
    ),
    element('div', { class: 'scroll' }, ...(me.kind === 'user' ? [tabs(me, name)] : []), content),
    note.toasts,
  );
  return { content, actions, toast: note.toast };
}

/** The logo, which leads to the documents. */
export function homeLink(): HTMLAnchorElement {
  return element(
    'a',
    { href: '/', class: 'logo', title: 'Your documents', 'aria-label': 'Your documents' },
    icon('mark'),
  );
}

function tabs(me: Me, current: PlainPageName): HTMLElement {
  const tab = (href: string, page: PlainPageName, text: string) =>
    element('a', { href, ...(page === current ? { 'aria-current': 'page' } : {}) }, text);
  const root = element(
    'nav',
    { class: 'tabs', 'aria-label': 'Pages' },
    tab('/', 'documents', 'Documents'),
    tab(pageAddress('account'), 'account', 'Account'),
    tab(pageAddress('agents'), 'agents', 'Agents'),
  );
  if (me.isAdmin) {
    root.append(
      tab(pageAddress('administration'), 'administration', 'Administration'),
      tab(pageAddress('cluster'), 'cluster', 'Cluster'),
    );
  }
  return root;
}

/** A part of a page under a heading of its own. */
export function section(title: string, testId: string, ...children: readonly HTMLElement[]): HTMLElement {
  const id = `${testId}-heading`;
  return element(
    'section',
    { class: 'card', 'aria-labelledby': id, 'data-testid': testId },
    element('h2', { id }, title),
    ...children,
  );
}
