import { element } from './element.ts';

export type DeadEnd = {
  readonly testId: string;
  readonly title: string;
  readonly paragraphs: readonly (readonly (Node | string)[])[];
  /** The ways out, the likeliest first. */
  readonly ways: readonly (HTMLAnchorElement | HTMLButtonElement)[];
};

/** A page for an address at which one cannot stay: says why and leads out. */
export function showDeadEnd(parent: HTMLElement, { testId, title, paragraphs, ways }: DeadEnd): void {
  document.title = `${title} – Kryton`;
  parent.replaceChildren(
    element(
      'main',
      { class: 'dead-end', 'data-testid': testId },
      element('h1', {}, title),
      ...paragraphs.map((paragraph) => element('p', {}, ...paragraph)),
      element('div', { class: 'ways' }, ...ways),
    ),
  );
}

/** A way out: a link that looks like a button. */
export function way(href: string, text: string, testId: string, isFirst = false): HTMLAnchorElement {
  return element('a', { href, class: isFirst ? 'button primary' : 'button', 'data-testid': testId }, text);
}
