/** Longer names are cut: they stand beside a caret. In UTF-16 units. */
export const MAX_NAME_LENGTH = 40;

const KEY = 'kryton.name';

const MOODS =
  'Quiet Bright Gentle Swift Curious Brave Calm Clever Merry Patient Sunny Steady Witty Kind Nimble Bold';
const ANIMALS = 'Otter Heron Fox Lynx Wren Badger Dolphin Falcon Hare Ibis Koala Marten Owl Panda Robin Seal';

/** A friendly name such as "Quiet Otter". `random` yields numbers in [0, 1). */
export function friendlyName(random: () => number): string {
  const pick = (words: string) => {
    const list = words.split(' ');
    return list[Math.floor(random() * list.length)] ?? 'Somebody';
  };
  return `${pick(MOODS)} ${pick(ANIMALS)}`;
}

/** `text` as a name: one line, single spaces, at most {@link MAX_NAME_LENGTH}; null when nothing is left. */
export function cleanName(text: string): string | null {
  const name = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME_LENGTH)
    .trim();
  return name === '' ? null : name;
}

/** The part of `localStorage` that is needed. It throws where the browser forbids it. */
export type NameStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** The stored name, or a new friendly one, which is stored. Without storage the name lasts as long as the tab. */
export function loadName(storage: () => NameStorage, random: () => number): string {
  try {
    const stored = cleanName(storage().getItem(KEY) ?? '');
    if (stored !== null) return stored;
  } catch {
    return friendlyName(random);
  }
  const name = friendlyName(random);
  storeName(storage, name);
  return name;
}

/** Keeps `name` for the next visit, where the browser allows it. */
export function storeName(storage: () => NameStorage, name: string): void {
  try {
    storage().setItem(KEY, name);
  } catch {
    // Private windows and full quotas: the name still holds in this tab.
  }
}
