import { readFileSync, writeFileSync } from 'node:fs';
import { withErrorTable } from '@kryton/server/http/error-table.ts';
import { apiClientTypes, CLIENT_TYPES } from './api-client.ts';

/** `npm run docs:api`: writes the page's types of the API, and the table of errors into the page about it. */
const page = new URL('../../../server/API.md', import.meta.url);
const updated = withErrorTable(readFileSync(page, 'utf8'));
if (updated === null) throw new Error('API.md has no place for the table of errors');
writeFileSync(page, updated);
writeFileSync(CLIENT_TYPES, await apiClientTypes());
console.log('API.md and apps/web/src/api/schema.ts are up to date');
