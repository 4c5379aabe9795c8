import type { SavedState } from '../saving/saved-mark.ts';
import { element, icon } from './element.ts';

const WORDS: Readonly<Record<SavedState | 'read-only', string>> = {
  opening: 'Opening…',
  saving: 'Saving…',
  slow: 'Still saving…',
  saved: 'All changes saved',
  kept: 'Not saved yet – kept in this tab',
  refused: 'Not saved – the server refused this change',
  'read-only': 'Read only',
};

export type SavedMarkView = {
  readonly root: HTMLElement;
  show(state: SavedState, isReadOnly: boolean): void;
};

/**
 * The mark in the header. It is no live region: "saved" after each word would drown the text that is written. Losing
 * the saved state, and getting it back after that, goes through `announce`.
 */
export function savedMarkView(announce: (text: string) => void): SavedMarkView {
  const text = element('span', { class: 'words' });
  const root = element('span', { class: 'saved', 'data-testid': 'saved-mark' }, icon('check'), text);
  let wasTroubled = false;
  return {
    root,
    show(state, isReadOnly) {
      const key = isReadOnly && state !== 'refused' && state !== 'kept' ? 'read-only' : state;
      root.dataset['state'] = key;
      text.textContent = WORDS[key];
      root.title = WORDS[key];
      const isTroubled = state === 'kept' || state === 'refused' || state === 'slow';
      if (isTroubled || (wasTroubled && state === 'saved')) announce(WORDS[key]);
      if (isTroubled) wasTroubled = true;
      else if (state === 'saved') wasTroubled = false;
    },
  };
}
