import { element } from './element.ts';

export type Table = { readonly root: HTMLElement; readonly body: HTMLTableSectionElement };

/** A table that scrolls sideways by itself where the page is narrow. `label` names it. */
export function table(label: string, columns: readonly string[]): Table {
  const body = element('tbody');
  const head = element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column)));
  const root = element('table', {}, element('caption', { class: 'visually-hidden' }, label));
  root.append(element('thead', {}, head), body);
  // Without a tab stop nobody could scroll it by keyboard.
  return {
    root: element('div', { class: 'table', role: 'region', 'aria-label': label, tabindex: '0' }, root),
    body,
  };
}

export function tableRow(testId: string, ...cells: readonly (Node | string)[]): HTMLTableRowElement {
  return element('tr', { 'data-testid': testId }, ...cells.map((cell) => element('td', {}, cell)));
}
