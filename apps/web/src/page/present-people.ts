import type { Awareness } from 'y-protocols/awareness';
import { storeName } from '../people/display-name.ts';
import { chooseColour, PALETTE, paletteCss, wireColours } from '../people/palette.ts';
import { listPeople } from '../people/people.ts';
import { peopleList } from './people-list.ts';

/** The name of this tab: that of an account, or one that its person chooses. */
export type OwnName = { readonly name: string; readonly isChosen: boolean };

/**
 * Announces this tab under its name in a colour of its own, and keeps the list of everybody present up to date. The
 * result is the list's element.
 */
export function presentPeople(awareness: Awareness, own: OwnName): HTMLElement {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(paletteCss());
  document.adoptedStyleSheets.push(sheet);

  const self = awareness.clientID;
  let ownName = own.name;
  let colour = self % PALETTE.length;
  const announce = () => awareness.setLocalStateField('user', { name: ownName, ...wireColours(colour) });
  const list = peopleList(own, (next) => {
    ownName = next;
    storeName(() => localStorage, next);
    announce();
  });

  let shown = '';
  const refresh = () => {
    const people = listPeople(awareness.getStates(), self);
    // Presence changes at every move of a caret; the list only with names and colours.
    const key = JSON.stringify(people);
    if (key === shown) return;
    shown = key;
    list.show(people);
    const others = people.filter(({ isSelf }) => !isSelf).map((one) => [one.client, one.colour] as const);
    const better = chooseColour(self, colour, new Map(others));
    if (better === colour) return;
    colour = better;
    announce();
  };
  announce();
  awareness.on('change', refresh);
  refresh();
  return list.root;
}
