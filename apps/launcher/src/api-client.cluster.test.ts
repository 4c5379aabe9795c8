import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { apiClientTypes, CLIENT_TYPES } from './testing/api-client.ts';

it('the types of the page are those of the API that runs (npm run docs:api)', async () => {
  expect(readFileSync(CLIENT_TYPES, 'utf8')).toBe(await apiClientTypes());
});
