import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { environmentTable, TABLE, withEnvironmentTable } from './env-table.ts';

/** `npm run docs:env`: puts the table of variables into the README, or prints it where the README has no place for it. */
const readme = new URL('../../../../README.md', import.meta.url);
const current = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
const updated = withEnvironmentTable(current);
if (updated === null) {
  console.error(`README.md has no line "${TABLE.begins}"; the table:\n`);
  console.log(environmentTable());
} else {
  writeFileSync(readme, updated);
  console.log(updated === current ? 'README.md is up to date' : 'README.md: environment table updated');
}
