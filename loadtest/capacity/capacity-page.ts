import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Checks } from './check.ts';
import type { Costs } from './costs.ts';
import { tables } from './tables.ts';

const COSTS = fileURLToPath(new URL('costs.json', import.meta.url));
const PAGE = fileURLToPath(new URL('../CAPACITY.md', import.meta.url));
const CHECKS = fileURLToPath(new URL('../results/capacity-check.json', import.meta.url));

export function readCosts(): Costs {
  return JSON.parse(readFileSync(COSTS, 'utf8')) as Costs;
}

export function keepCosts(costs: Costs): void {
  writeFileSync(COSTS, `${JSON.stringify(costs, null, 2)}\n`);
}

export function readChecks(): Checks {
  return JSON.parse(readFileSync(CHECKS, 'utf8')) as Checks;
}

export function keepChecks(checks: Checks): void {
  writeFileSync(CHECKS, `${JSON.stringify(checks, null, 2)}\n`);
}

export function readPage(): string {
  return readFileSync(PAGE, 'utf8');
}

export function keepPage(page: string): void {
  writeFileSync(PAGE, page);
}

/** `page` with its tables made anew. Throws when it lacks the place of one. */
export function withTables(page: string, costs: Costs, checks: Checks): string {
  return Object.entries(tables(costs, checks)).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- ${name}: made by npm run capacity -->\n)[^]*?(<!-- /${name} -->)`);
    if (!place.test(text)) throw new Error(`CAPACITY.md has no place for the table "${name}"`);
    return text.replace(place, (_all, begin: string, end: string) => `${begin}\n${table}\n\n${end}`);
  }, page);
}
