import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

it('every test that THREATS.md names is there', () => {
  const page = readFileSync(here('../THREATS.md'), 'utf8');
  const named = [...page.matchAll(/`([^`\s]+\.test\.ts)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(40);
  const isThere = (path: string) => [`./${path}`, `../../${path}`].some((place) => existsSync(here(place)));
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});
