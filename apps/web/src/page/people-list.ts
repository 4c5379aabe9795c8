import { cleanName, MAX_NAME_LENGTH } from '../people/display-name.ts';
import type { Person } from '../people/people.ts';
import { element } from './element.ts';

export type PeopleList = {
  readonly root: HTMLElement;
  show(people: readonly Person[]): void;
};

/**
 * Everybody who has the document open; the first row is this tab, where a name that is chosen can be changed. `rename`
 * is called with a clean name.
 */
export function peopleList(
  { name, isChosen }: { readonly name: string; readonly isChosen: boolean },
  rename: (name: string) => void,
): PeopleList {
  const heading = element('h2', { id: 'people-heading' }, 'Here now');
  const count = element('span', { class: 'count' });
  heading.append(' ', count);
  const list = element('ul', { 'data-testid': 'people', 'aria-labelledby': 'people-heading' });
  const alone = element('p', { class: 'alone' }, 'Only you so far. Share the document to write together.');
  const own = ownRow(name, isChosen ? nameField(name, rename) : ownName(name));
  list.append(own.root);
  return {
    root: element('aside', { class: 'people', 'aria-labelledby': 'people-heading' }, heading, list, alone),
    show(people) {
      count.textContent = String(people.length);
      alone.hidden = people.length > 1;
      const self = people.find(({ isSelf }) => isSelf);
      if (self !== undefined) own.show(self);
      // The own row stays where it is: somebody may be typing a name in it.
      const others = people.filter(({ isSelf }) => !isSelf).map(row);
      while (list.lastElementChild !== own.root) list.lastElementChild?.remove();
      list.append(...others);
    },
  };
}

function row(person: Person): HTMLLIElement {
  return element('li', {}, avatar(person), element('span', { class: 'name' }, person.name));
}

function avatar(person: Person): HTMLElement {
  return element('span', { class: `avatar person-${person.colour}`, 'aria-hidden': 'true' }, person.initials);
}

/** The name of an account: it is changed there. */
function ownName(name: string): HTMLElement {
  return element(
    'span',
    { class: 'name own', 'data-testid': 'own-name', title: 'Your name, as others see it' },
    name,
  );
}

function nameField(name: string, rename: (name: string) => void): HTMLElement {
  const input = element('input', {
    type: 'text',
    name: 'display-name',
    'data-testid': 'display-name',
    'aria-label': 'Your name',
    title: 'Your name, as others see it',
    maxlength: String(MAX_NAME_LENGTH),
    autocomplete: 'nickname',
    spellcheck: 'false',
    enterkeyhint: 'done',
    size: '1',
  });
  let current = name;
  input.value = name;
  const commit = () => {
    const next = cleanName(input.value);
    input.value = next ?? current;
    if (next === null || next === current) return;
    current = next;
    rename(next);
  };
  input.addEventListener('blur', commit);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') input.value = current;
    if (event.key === 'Enter' || event.key === 'Escape') input.blur();
  });
  return element('span', { class: 'own-name' }, input);
}

function ownRow(name: string, shownName: HTMLElement) {
  let face = element('span', { class: 'avatar' });
  // The name stands in a hidden text too: what the list says does not depend on reading form fields.
  const spoken = element('span', { class: 'visually-hidden' }, `${name} (you)`);
  const root = element(
    'li',
    { class: 'self' },
    face,
    spoken,
    shownName,
    element('span', { class: 'you' }, 'you'),
  );
  return {
    root,
    show(person: Person) {
      const next = avatar(person);
      face.replaceWith(next);
      face = next;
      spoken.textContent = `${person.name} (you)`;
    },
  };
}
