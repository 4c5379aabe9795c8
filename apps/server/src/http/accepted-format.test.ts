import { expect, it } from 'vitest';
import { acceptedFormat } from './accepted-format.ts';

it.each([
  [undefined, 'application/octet-stream'],
  ['', 'application/octet-stream'],
  ['*/*', 'application/octet-stream'],
  ['application/json', 'application/json'],
  ['APPLICATION/JSON; charset=utf-8', 'application/json'],
  ['text/*', 'text/plain'],
  ['text/html, text/plain;q=0.8, */*;q=0.1', 'text/plain'],
  ['application/octet-stream;q=0, */*', 'application/json'],
  ['application/json;q=0.5, text/plain;q=0.9', 'text/plain'],
  ['text/html, image/*', null],
  ['application/json;q=0', null],
  ['application/json;q=nonsense', null],
])('Accept: %s is served as %s', (accept, expected) => {
  const offered = ['application/octet-stream', 'application/json', 'text/plain'] as const;
  expect(acceptedFormat(accept, offered)).toBe(expected);
});
