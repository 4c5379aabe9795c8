import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environmentTable, TABLE, withEnvironmentTable } from './env-table.ts';
import { VARIABLES } from './variables.ts';

const readme = new URL('../../../../README.md', import.meta.url);

describe('environment table', () => {
  it('has one row for each variable, with its default', () => {
    const table = environmentTable();
    for (const { name } of Object.values(VARIABLES)) expect(table.split(`\n| \`${name}\` |`)).toHaveLength(2);
    expect(table).toContain('| `PORT` | `3001` |');
    expect(table).toContain('| `CORS_ORIGINS` | origin of `APP_URL` |');
    expect(table).toContain('| `REDIS_URL` |  |');
  });

  it('replaces what stands between the markers, and nothing else', () => {
    const document = `before\n${TABLE.begins}\nold\n${TABLE.ends}\nafter\n`;
    const updated = withEnvironmentTable(document);
    expect(updated).toBe(`before\n${TABLE.begins}\n\n${environmentTable()}\n\n${TABLE.ends}\nafter\n`);
    expect(withEnvironmentTable(updated ?? '')).toBe(updated);
  });

  it('leaves a document without markers alone', () => {
    expect(withEnvironmentTable('nothing here')).toBeNull();
  });

  it('is up to date in the README (npm run docs:env)', () => {
    const document = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
    // Until the README has its markers there is nothing to compare.
    if (document.includes(TABLE.begins)) expect(document).toBe(withEnvironmentTable(document));
    expect(document.includes(TABLE.begins)).toBe(document.includes(TABLE.ends));
  });
});
