import { describe, expect, it } from 'vitest';
import {
  cleanName,
  friendlyName,
  loadName,
  MAX_NAME_LENGTH,
  type NameStorage,
  storeName,
} from './display-name.ts';

function memory(): NameStorage {
  const entries = new Map<string, string>();
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => {
      entries.set(key, value);
    },
  };
}

describe('the display name', () => {
  it('is friendly at first, for every random number', () => {
    for (const random of [0, 0.25, 0.5, 0.999999])
      expect(friendlyName(() => random)).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
    expect(friendlyName(() => 0)).toBe('Quiet Otter');
  });

  it('stays the same on the next visit, and becomes what was stored', () => {
    const storage = memory();
    const first = loadName(
      () => storage,
      () => 0,
    );
    expect(
      loadName(
        () => storage,
        () => 0.9,
      ),
    ).toBe(first);
    storeName(() => storage, 'Ada');
    expect(
      loadName(
        () => storage,
        () => 0.9,
      ),
    ).toBe('Ada');
  });

  it('works without storage', () => {
    const forbidden = () => {
      throw new DOMException('no storage here', 'SecurityError');
    };
    expect(loadName(forbidden, () => 0)).toBe('Quiet Otter');
    expect(() => storeName(forbidden, 'Ada')).not.toThrow();
  });

  it('is one clean line of bounded length', () => {
    expect(cleanName('  Ada \n\t Lovelace\u202e ')).toBe('Ada Lovelace');
    expect(cleanName(' \u200b\n ')).toBeNull();
    expect(cleanName('x'.repeat(100))).toHaveLength(MAX_NAME_LENGTH);
  });
});
