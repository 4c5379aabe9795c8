import { readFileSync, writeFileSync } from 'node:fs';
import { withMetricTables } from './metric-table.ts';

/** `npm run docs:metrics`: writes the tables of metrics into the page about them. */
const page = new URL('../../../../infra/prometheus/METRICS.md', import.meta.url);
const updated = withMetricTables(readFileSync(page, 'utf8'));
if (updated === null) throw new Error('METRICS.md has no place for the tables of metrics');
writeFileSync(page, updated);
console.log('infra/prometheus/METRICS.md is up to date');
