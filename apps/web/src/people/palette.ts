/**
 * The colours of people. `light` is for the light theme with white text on it, `dark` for the dark theme with almost
 * black text on it; each pair reaches a contrast of 4.5 with its text and with the page behind (WCAG 2.2, 1.4.3), which
 * the test of this file computes.
 */
export type PersonColour = { readonly name: string; readonly light: string; readonly dark: string };

export const PALETTE: readonly PersonColour[] = [
  { name: 'blue', light: '#1d5fd1', dark: '#8ab4ff' },
  { name: 'rust', light: '#b4430f', dark: '#ffab80' },
  { name: 'teal', light: '#0b736e', dark: '#5fd4cc' },
  { name: 'pink', light: '#b0287f', dark: '#f79bd8' },
  { name: 'green', light: '#2a752c', dark: '#86d98a' },
  { name: 'violet', light: '#6f42c9', dark: '#c5aaff' },
  { name: 'ochre', light: '#8a5a00', dark: '#efbd5c' },
  { name: 'slate', light: '#4c6175', dark: '#b5c6d6' },
];

/** Text on a person's colour, and the page behind it, for each theme. */
export const ON_PERSON = { light: '#ffffff', dark: '#15171c' } as const;
export const PAGE = { light: '#ffffff', dark: '#17191f' } as const;

/** How much of the colour a selection keeps: the text on it stays readable. Two hex digits of alpha. */
const SELECTION_ALPHA = '33';

/** What other Yjs editors understand in `user`: `color` for the caret, `colorLight` for the selection. */
export function wireColours(index: number): { readonly color: string; readonly colorLight: string } {
  const colour = PALETTE[index % PALETTE.length]?.light ?? '#1d5fd1';
  return { color: colour, colorLight: `${colour}${SELECTION_ALPHA}` };
}

/**
 * The palette index for somebody who announces `color` under the client id `client`. Whatever else is announced never
 * reaches a style: people without one of our colours get one by their client id.
 */
export function colourIndex(color: unknown, client: number): number {
  const index = PALETTE.findIndex(({ light }) => light === color);
  return index >= 0 ? index : client % PALETTE.length;
}

/**
 * The colour that client `own` should wear: `current`, unless somebody with a smaller client id wears it and another
 * one is free. Only the larger id gives way, so that two never swap for ever.
 */
export function chooseColour(own: number, current: number, others: ReadonlyMap<number, number>): number {
  const isTaken = [...others].some(([client, index]) => index === current && client < own);
  if (!isTaken) return current;
  const worn = new Set(others.values());
  const free = PALETTE.findIndex((_colour, index) => !worn.has(index));
  return free >= 0 ? free : current;
}

/** The rules that give `.person-0`, `.person-1`, … their colours in both themes. */
export function paletteCss(): string {
  return PALETTE.map(
    ({ light, dark }, index) =>
      `.person-${index} { --person: light-dark(${light}, ${dark}); --on-person: light-dark(${ON_PERSON.light}, ${ON_PERSON.dark}); }`,
  ).join('\n');
}
