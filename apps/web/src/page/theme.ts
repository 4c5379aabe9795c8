import { element, icon } from './element.ts';

const KEY = 'kryton.theme';
type Theme = 'light' | 'dark';

/**
 * The button that switches between light and dark. What agrees with the system is not stored: the page follows the
 * system again then.
 */
export function themeButton(): HTMLButtonElement {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const systemTheme = (): Theme => (system.matches ? 'dark' : 'light');
  const button = element('button', { type: 'button', class: 'button quiet square' });
  const render = () => {
    const next = (chosenTheme() ?? systemTheme()) === 'dark' ? 'light' : 'dark';
    button.replaceChildren(icon(next === 'dark' ? 'moon' : 'sun'));
    button.ariaLabel = `Switch to the ${next} theme`;
    button.title = button.ariaLabel;
  };
  button.addEventListener('click', () => {
    const next = (chosenTheme() ?? systemTheme()) === 'dark' ? 'light' : 'dark';
    choose(next === systemTheme() ? null : next);
    render();
  });
  system.addEventListener('change', render);
  render();
  return button;
}

/** Puts the stored choice on the page. Call it before anything is drawn. */
export function applyStoredTheme(): void {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored === 'light' || stored === 'dark') document.documentElement.dataset['theme'] = stored;
  } catch {
    // No storage in this browser: the system's theme it is.
  }
}

function chosenTheme(): Theme | null {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : null;
}

function choose(theme: Theme | null): void {
  const root = document.documentElement;
  if (theme === null) delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
  try {
    if (theme === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // The choice holds in this tab.
  }
}
