import { readFileSync, writeFileSync } from 'node:fs';
import { withSection } from '@kryton/engine/config/marked-section.ts';
import { FAULT_TABLE, faultTable } from './fault-table.ts';

/** `npm run docs:faults`: puts what `npm run faults` measured into the page of the promise. */
const root = new URL('../../../../', import.meta.url);
const page = new URL('apps/engine/PROMISE.md', root);
const records = readFileSync(new URL('loadtest/results/faults.jsonl', root), 'utf8');
const updated = withSection(readFileSync(page, 'utf8'), FAULT_TABLE, faultTable(records));
if (updated === null) throw new Error(`PROMISE.md has no line "${FAULT_TABLE.begins}"`);
writeFileSync(page, updated);
console.log('PROMISE.md: the table of faults is up to date');
