import { copyText } from './copy-text.ts';
import { element } from './element.ts';

/** Something that is shown once and wants to be copied. */
export function secretView(label: string, text: string, testId: string): HTMLElement {
  const status = element('span', { role: 'status', class: 'hint' });
  const copy = element(
    'button',
    { type: 'button', class: 'button', 'aria-label': `Copy: ${label}`, 'data-testid': `copy-${testId}` },
    'Copy',
  );
  copy.addEventListener('click', () =>
    copyText(text, 'Copy this:', () => {
      status.textContent = 'Copied';
    }),
  );
  return element(
    'div',
    { class: 'secret' },
    element('code', { 'data-testid': testId, tabindex: '0', 'aria-label': label }, text),
    element('div', { class: 'secret-actions' }, copy, status),
  );
}
