import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lineChart } from '../../plots/line-chart.ts';
import type { Place } from '../place.ts';
import { short } from '../report.ts';
import type { Curve } from './curves.ts';
import type { MeasuredLoad } from './measured-load.ts';

const RESULTS = fileURLToPath(new URL('../../results/', import.meta.url));

export type MeasuredCurve = Omit<Curve, 'points'> & {
  readonly points: readonly { readonly x: number; readonly measured: MeasuredLoad }[];
};

export type Growth = Place & { readonly measuredS: number; readonly curves: readonly MeasuredCurve[] };

/** The columns: their name, and the roles whose CPU they add up. */
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['all that counts', ['node', 'worker', 'redis']],
  ['nodes', ['node']],
  ['worker', ['worker']],
  ['Redis', ['redis']],
];

/** CPU of these roles per edit, in us. */
export function perEditUs({ cpuMsPerS, editsPerS }: MeasuredLoad, roles: readonly string[]): number {
  return (roles.reduce((sum, role) => sum + (cpuMsPerS[role] ?? 0), 0) * 1_000) / editsPerS;
}

/** Writes `results/growth.json`, `growth.md` and a plot for each curve. */
export function keepGrowth(growth: Growth): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}growth.json`, `${JSON.stringify(growth, null, 2)}\n`);
  for (const curve of growth.curves) writeFileSync(`${RESULTS}growth-${curve.id}.svg`, plotOf(curve));
  writeFileSync(`${RESULTS}growth.md`, growthPage(growth));
}

function plotOf({ title, x, points }: MeasuredCurve): string {
  return lineChart({
    title,
    y: { name: 'CPU per edit', unit: 'us', isLogarithmic: true },
    x: { name: x, unit: '', isLogarithmic: true, values: points.map((point) => point.x) },
    series: LINES.map(([name, roles]) => ({
      name,
      values: points.map(({ measured }) => {
        const value = perEditUs(measured, roles);
        return { value, lowest: value, highest: value };
      }),
    })),
  });
}

/** All curves with their figures and the reason for their shape, as Markdown. */
export function growthPage(growth: Growth): string {
  return [
    '# Growth',
    '',
    `CPU per edit of nodes, worker and Redis together, while one thing grows and all else stays. Each point is ${growth.measuredS} s on fresh servers, all of them on one core; nothing was missing at any point. ${growth.date}, ${growth.commit}; Node ${growth.node}, Redis ${growth.redis}, ${growth.cpu}, ${growth.cores} cores.`,
    '',
    '    npm run bench:growth -- --keep',
    ...growth.curves.flatMap(section),
    '',
  ].join('\n');
}

function section({ id, title, x, why, points }: MeasuredCurve): string[] {
  return [
    '',
    `## ${title}`,
    '',
    why,
    '',
    `![CPU per edit by ${x}](growth-${id}.svg)`,
    '',
    `| ${x} | edits/s | ${LINES.map(([name]) => `${name}, us`).join(' | ')} | us per delivery | folds/s | p50, ms | p99, ms |`,
    '|---|---|---|---|---|---|---|---|---|---|',
    ...points.map(({ x: at, measured }) => {
      const columns = LINES.map(([, roles]) => short(perEditUs(measured, roles)));
      const [all = []] = LINES.map(([, roles]) => roles);
      const perDelivery = (perEditUs(measured, all) * measured.editsPerS) / measured.deliveriesPerS;
      const { editsPerS, foldsPerS, p50Ms, p99Ms } = measured;
      const rest = [perDelivery, foldsPerS, p50Ms, p99Ms].map(short);
      return `| ${[at, short(editsPerS), ...columns, ...rest].join(' | ')} |`;
    }),
  ];
}
