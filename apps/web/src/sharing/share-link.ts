import type { LinkRole, ShareLink } from '../api/shapes.ts';
import { element, icon } from '../page/element.ts';
import { select } from '../page/form.ts';

export type LinkActions = {
  /** Null takes the link away. */
  setLink(role: LinkRole | null): Promise<void>;
  /** A new link in place of the old one, which ends. */
  renewLink(role: LinkRole): Promise<void>;
  /** `copied` is called once it is on the clipboard. */
  copyLink(token: string, copied: () => void): void;
};

type LinkAccess = LinkRole | 'none';

const CHOICES: readonly { readonly value: LinkAccess; readonly label: string }[] = [
  { value: 'none', label: 'Nobody: only the people above' },
  { value: 'viewer', label: 'Everybody can view' },
  { value: 'editor', label: 'Everybody can edit' },
];

/** The link that lets in whoever has it. */
export function linkSection(link: ShareLink | null, actions: LinkActions): HTMLElement {
  const access = select<LinkAccess>('Who has the link', CHOICES, link?.role ?? 'none', 'link-access');
  access.root.id = 'link-access';
  access.root.addEventListener('change', () => {
    const chosen = access.value();
    void actions.setLink(chosen === 'none' ? null : chosen);
  });
  const label = element('label', { for: 'link-access' }, 'Who has the link');
  const root = element(
    'div',
    { class: 'link-section' },
    element('div', { class: 'field' }, label, access.root),
  );
  if (link === null) return root;
  const copy = element(
    'button',
    { type: 'button', class: 'button primary', 'data-testid': 'copy-link' },
    icon('link'),
    'Copy link',
  );
  const status = element('span', { class: 'hint', role: 'status' });
  copy.addEventListener('click', () =>
    actions.copyLink(link.token, () => {
      status.textContent = 'Copied';
    }),
  );
  const renew = element('button', { type: 'button', class: 'button', 'data-testid': 'new-link' }, 'New link');
  renew.title = 'Ends the present link and makes another one';
  renew.addEventListener('click', () => {
    renew.disabled = true;
    void actions.renewLink(link.role);
  });
  root.append(element('div', { class: 'link-actions' }, copy, renew, status));
  root.append(
    element('p', { class: 'hint' }, 'A new link ends the present one: those who came by it are sent away.'),
  );
  return root;
}
