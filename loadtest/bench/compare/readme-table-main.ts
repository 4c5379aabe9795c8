import { readFileSync, writeFileSync } from 'node:fs';
import { markedSection, withSection } from '@kryton/engine/config/marked-section.ts';
import { keptComparisons, writeComparisonPage } from './kept-comparisons.ts';
import { targetTable } from './target-table.ts';

/** `npm run docs:compare`: page, plots and the README's table from what `npm run compare -- --keep` measured last. */
const TABLE = markedSection('comparison', 'docs:compare');
const readme = new URL('../../../README.md', import.meta.url);

writeComparisonPage();
const table = targetTable(keptComparisons());
const updated = withSection(readFileSync(readme, 'utf8'), TABLE, table);
if (updated === null) {
  console.error(`README.md has no lines "${TABLE.begins}" and "${TABLE.ends}"; the table:\n\n${table}`);
} else {
  writeFileSync(readme, updated);
  console.log('README.md: the comparison is up to date');
}
