import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Result, short } from '../report.ts';

const RESULTS = fileURLToPath(new URL('../../results/', import.meta.url));
const PREFIX = 'scale-';

/** Keeps a result as `results/scale-<id>.json` and renews `results/scale.md`, the table of all that are kept. */
export function keepScale(result: Result): void {
  writeFileSync(`${RESULTS}${PREFIX}${result.id}.json`, `${JSON.stringify(result, null, 2)}\n`);
  const kept = readdirSync(RESULTS)
    .filter((name) => name.startsWith(PREFIX) && name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(`${RESULTS}${name}`, 'utf8')) as Result);
  writeFileSync(`${RESULTS}scale.md`, scalePage(kept));
}

/** Each scenario with its question, where it ran and its figures, as Markdown. */
export function scalePage(results: readonly Result[]): string {
  return [
    '# Many of them',
    '',
    'Kryton with everything on: authentication, validation, a durable log, a worker. Nodes, worker, Redis and PostgreSQL on',
    'one core, the generator on another. CPU is that of nodes, worker and Redis, from the operating system; the database is',
    'shown beside it.',
    '',
    '    npm run bench:scale -- --keep',
    ...results.flatMap(section),
    '',
  ].join('\n');
}

function section({ id, question, nonGoals, target, figures, ...where }: Result): string[] {
  return [
    '',
    `## ${id}`,
    '',
    question,
    '',
    nonGoals,
    '',
    `To reach: ${target}. ${where.date}, ${where.commit}; Node ${where.node}, Redis ${where.redis}, ${where.cpu}, ${where.cores} cores.`,
    '',
    '| figure | value | to reach | |',
    '|---|---|---|---|',
    ...figures.map(({ name, unit, value, target: bound }) => {
      const verdict = bound === null ? '' : value <= bound ? 'met' : '**not met**';
      const reach = bound === null ? '' : `${short(bound)} ${unit}`.trim();
      return `| ${name} | ${short(value)} ${unit} | ${reach} | ${verdict} |`;
    }),
  ];
}
