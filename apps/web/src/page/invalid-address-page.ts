import { addressOf, freshDocId } from '../document/document-address.ts';
import { element } from './element.ts';

/** The page for an address whose document id is none: says so and leads out. `text` is what stood in the URL. */
export function showInvalidAddress(parent: HTMLElement, text: string): void {
  document.title = 'No such document – Kryton';
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  const fresh = addressOf(freshDocId((bytes) => crypto.getRandomValues(bytes)));
  parent.append(
    element(
      'main',
      { class: 'dead-end', 'data-testid': 'invalid-address' },
      element('h1', {}, 'This is no document address'),
      element('p', {}, 'The link names the document ', element('code', {}, shown), '.'),
      element(
        'p',
        {},
        'A document id has 1 to 64 letters, digits, hyphens or underscores. Perhaps the link was cut or changed on its way: ask for it again.',
      ),
      element('a', { href: fresh, class: 'button primary' }, 'Start a new document'),
    ),
  );
}
