import type { Text } from '@codemirror/state';
import type { ConnectionState, ConnectionWords } from '../connection/connection-state.ts';
import { element } from './element.ts';

export type StatusBar = {
  readonly root: HTMLElement;
  connection(state: ConnectionState, words: ConnectionWords): void;
  node(name: string): void;
  /** Counts the words of `content`, a little later: it may be called at every key. */
  count(content: Text): void;
};

/** Counting reads the whole text; above this size only its characters are told. In UTF-16 units. */
const MAX_COUNTED_LENGTH = 400_000;
const COUNT_DELAY_MS = 400;

/** The line at the foot: connection and node, and how long the text is. */
export function statusBar(): StatusBar {
  const state = element('span', { class: 'connection', 'data-testid': 'connection-state' });
  const node = element('span', {
    class: 'node',
    'data-testid': 'node-name',
    title: 'The node this tab is on',
  });
  const length = element('span', { class: 'length' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    root: element('footer', { class: 'status' }, state, node, length),
    connection(next, words) {
      state.dataset['state'] = next.kind;
      state.textContent = words.label;
      node.classList.toggle('stale', next.kind !== 'connected');
    },
    node(name) {
      node.textContent = name;
    },
    count(content) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const characters = counted(content.length, 'character');
        if (content.length > MAX_COUNTED_LENGTH) length.replaceChildren(characters);
        else {
          const rest = element('span', { class: 'rest' }, ` · ${characters}`);
          length.replaceChildren(counted(countWords(content.toString()), 'word'), rest);
        }
      }, COUNT_DELAY_MS);
    },
  };
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu)?.length ?? 0;
}
