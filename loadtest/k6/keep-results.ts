import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lineChart } from '../plots/line-chart.ts';
import type { LoadResult } from './load-result.ts';
import { isLong, resultsTable } from './results-table.ts';
import { SCENARIO_NAMES } from './scenarios.ts';

const RESULTS = fileURLToPath(new URL('../results/k6/', import.meta.url));
const MIB = 1_048_576;

/** Where the HTML report of a scenario goes. */
export function reportFileOf(scenario: string): string {
  mkdirSync(RESULTS, { recursive: true });
  return join(RESULTS, `${scenario}.html`);
}

/** Keeps a run as the latest of its scenario. */
export function keepResult(result: LoadResult): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${result.scenario}.json`), `${JSON.stringify(result, null, 2)}\n`);
  renewTable();
}

/** Writes the page of all kept runs anew, and the plots that it shows. */
export function renewTable(): void {
  const names = SCENARIO_NAMES.filter((name) => existsSync(join(RESULTS, `${name}.json`)));
  const results = names.map(
    (name) => JSON.parse(readFileSync(join(RESULTS, `${name}.json`), 'utf8')) as LoadResult,
  );
  writeFileSync(join(RESULTS, '../k6.md'), resultsTable(results));
  for (const result of results.filter(isLong)) {
    writeFileSync(join(RESULTS, `${result.scenario}-memory.svg`), memoryChart(result));
  }
}

function memoryChart({ scenario, shape, place, memory }: LoadResult): string {
  const minutes = Math.max(...memory.map(({ perMinuteBytes }) => perMinuteBytes.length));
  return lineChart({
    title: `Memory over ${scenario}: ${shape.sessions} sessions`,
    subtitle: `the mean of each minute; ${place.date}, ${place.commit}`,
    x: { name: 'minute', unit: '', values: Array.from({ length: minutes }, (_, minute) => minute + 1) },
    y: { name: 'resident memory', unit: 'MiB' },
    series: memory.map(({ name, perMinuteBytes }) => ({
      name,
      values: perMinuteBytes.map((bytes) => {
        const value = bytes / MIB;
        return { value, lowest: value, highest: value };
      }),
    })),
  });
}
