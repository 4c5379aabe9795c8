import { pageAddress } from '../places/place.ts';
import { showDeadEnd, way } from './dead-end.ts';
import { element } from './element.ts';

/** The page for an address whose document id is none: says so and leads out. `text` is what stood in the URL. */
export function showInvalidAddress(parent: HTMLElement, text: string): void {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  showDeadEnd(parent, {
    testId: 'invalid-address',
    title: 'This is no document address',
    paragraphs: [
      ['The link names the document ', element('code', {}, shown), '.'],
      [
        'A document id has 1 to 64 letters, digits, hyphens or underscores. Perhaps the link was cut or changed on its way: ask for it again.',
      ],
    ],
    ways: [
      way(pageAddress('new'), 'Start a new document', 'new-document', true),
      way('/', 'Your documents', 'go-documents'),
    ],
  });
}
