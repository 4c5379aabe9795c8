import { element } from '../page/element.ts';
import { type ProcessState, stateTone } from './cluster-words.ts';

export type LiveRow = {
  readonly id: string;
  readonly name: string;
  readonly state: ProcessState;
  /** The state as it is read. */
  readonly stateWords: string;
  readonly figures: readonly string[];
};

export type LiveTable = {
  readonly root: HTMLElement;
  /** Shows these rows in this order; only what is different is touched, so that nothing flickers or loses focus. */
  show(rows: readonly LiveRow[]): void;
};

export type LiveTableOptions = {
  readonly caption: string;
  /** The first column: what a row is. */
  readonly what: string;
  readonly testId: string;
  readonly columns: readonly string[];
  /** Said in place of rows. */
  readonly empty: string;
};

/** A table of processes whose figures change. Each row is named by its first cell, and says its state in words. */
export function liveTable({ caption, what, testId, columns, empty }: LiveTableOptions): LiveTable {
  const body = element('tbody');
  const head = element(
    'tr',
    {},
    ...[what, 'State', ...columns].map((text) => element('th', { scope: 'col' }, text)),
  );
  const table = element('table', {}, element('caption', { class: 'visually-hidden' }, caption));
  table.append(element('thead', {}, head), body);
  const none = element('p', { class: 'aside' }, empty);
  const scroll = element(
    'div',
    { class: 'table', role: 'region', 'aria-label': caption, tabindex: '0' },
    table,
  );
  const rows = new Map<string, { readonly root: HTMLElement; readonly show: (row: LiveRow) => void }>();
  return {
    root: element('div', {}, none, scroll),
    show(wanted) {
      none.hidden = wanted.length > 0;
      scroll.hidden = wanted.length === 0;
      for (const [id, { root }] of rows) {
        if (wanted.some((row) => row.id === id)) continue;
        root.remove();
        rows.delete(id);
      }
      for (const [index, row] of wanted.entries()) {
        const held = rows.get(row.id) ?? liveRow(testId, columns.length);
        rows.set(row.id, held);
        held.show(row);
        if (body.children[index] !== held.root) body.insertBefore(held.root, body.children[index] ?? null);
      }
    },
  };
}

function liveRow(testId: string, figureCount: number) {
  const name = element('th', { scope: 'row' });
  const state = element('span', { class: 'state', 'data-testid': 'state' });
  const figures = Array.from({ length: figureCount }, () => element('td', { class: 'figure' }));
  const root = element('tr', { 'data-testid': testId }, name, element('td', {}, state), ...figures);
  return {
    root,
    show(row: LiveRow) {
      root.dataset['state'] = row.state;
      state.dataset['tone'] = stateTone(row.state);
      for (const [cell, text] of [[name, row.name] as const, [state, row.stateWords] as const])
        setText(cell, text);
      for (const [index, cell] of figures.entries()) setText(cell, row.figures[index] ?? '');
    },
  };
}

function setText(cell: HTMLElement, text: string): void {
  if (cell.textContent !== text) cell.textContent = text;
}
