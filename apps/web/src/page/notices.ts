import { element } from './element.ts';

export type NoticeAction = { readonly label: string; run(): void };
export type Notices = {
  /** The strip under the header; null takes it away. `tone` colours it. */
  readonly banner: HTMLElement;
  showBanner(notice: Banner | null): void;
  /** Small and passing; also read out. */
  readonly toasts: HTMLElement;
  toast(text: string): void;
  /** Read out, not shown. */
  announce(text: string): void;
};
export type Banner = {
  readonly tone: 'waiting' | 'stopped' | 'calm';
  readonly title: string;
  readonly advice: string;
  readonly actions: readonly NoticeAction[];
};

const TOAST_MS = 5_000;

/** What happens beside the text: a banner while something is wrong, and toasts. */
export function notices(): Notices {
  const banner = element('div', { class: 'banner', 'data-testid': 'banner', hidden: '' });
  const live = element('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  const visible = element('div', { class: 'toasts', 'data-testid': 'toasts' });
  const announce = (text: string) => {
    live.textContent = text;
  };
  let shown = '';
  return {
    banner,
    toasts: element('div', {}, visible, live),
    announce,
    showBanner(notice) {
      const key = JSON.stringify(notice);
      if (key === shown) return;
      shown = key;
      banner.hidden = notice === null;
      banner.replaceChildren();
      if (notice === null) return;
      banner.dataset['tone'] = notice.tone;
      const text = element('p', {}, element('strong', {}, notice.title), ` ${notice.advice}`);
      banner.append(text, ...notice.actions.map(actionButton));
      announce(`${notice.title} ${notice.advice}`);
    },
    toast(text) {
      const toast = element('div', { class: 'toast' }, text);
      visible.append(toast);
      setTimeout(() => toast.remove(), TOAST_MS);
      announce(text);
    },
  };
}

function actionButton({ label, run }: NoticeAction): HTMLButtonElement {
  const button = element('button', { type: 'button', class: 'button' }, label);
  button.addEventListener('click', run);
  return button;
}
