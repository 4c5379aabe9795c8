import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Comparison } from './comparison.ts';
import { comparisonPage } from './comparison-page.ts';
import { comparisonPlots } from './comparison-plots.ts';

const RESULTS = new URL('../../results/', import.meta.url);
const KEPT = new URL('compare/', RESULTS);
const PLOTS = new URL('plots/', RESULTS);

/** Keeps what was measured for a scenario as `results/compare/<id>.json`, in place of what was there. */
export function keepComparison(comparison: Comparison): void {
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(new URL(`${comparison.id}.json`, KEPT), `${JSON.stringify(comparison, null, 2)}\n`);
}

/** All that are kept, P1 first. */
export function keptComparisons(): Comparison[] {
  return readdirSync(KEPT)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, KEPT), 'utf8')) as Comparison)
    .toSorted((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** Makes the page and the plots from what is kept. */
export function writeComparisonPage(): void {
  const comparisons = keptComparisons();
  const plots = comparisonPlots(comparisons);
  mkdirSync(PLOTS, { recursive: true });
  for (const { file, svg } of plots) writeFileSync(new URL(file, PLOTS), svg);
  const files = plots.map(({ file }) => file);
  writeFileSync(new URL('comparison.md', RESULTS), comparisonPage(comparisons, files));
}
