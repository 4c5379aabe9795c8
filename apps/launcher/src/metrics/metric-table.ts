import { markedSection, withSection } from '@kryton/engine/config/marked-section.ts';
import type { Labels, MetricDescription } from '@kryton/engine/metrics/metric-set.ts';
import { type AllMetrics, allMetrics } from './all-metrics.ts';

const TABLES = (['node', 'worker', 'both'] as const).map((role) => ({
  role,
  section: markedSection(`metrics of ${role}`, 'docs:metrics'),
}));

/** `page` with the tables of metrics between their markers replaced; null when it lacks markers. */
export function withMetricTables(page: string): string | null {
  const shared = sharedBetween(allMetrics());
  let updated: string | null = page;
  for (const { role, section } of TABLES)
    updated = updated === null ? null : withSection(updated, section, table(shared[role]));
  return updated;
}

/** Apart: what only one of them exposes, and what both do. */
function sharedBetween({ node, worker }: AllMetrics) {
  const [ofNode, ofWorker] = [node, worker].map((all) => new Set(all.map(({ name }) => name)));
  return {
    node: node.filter(({ name }) => !ofWorker?.has(name)),
    worker: worker.filter(({ name }) => !ofNode?.has(name)),
    both: node.filter(({ name }) => ofWorker?.has(name)),
  };
}

function table(metrics: readonly MetricDescription[]): string {
  const rows = metrics.map(
    ({ name, kind, labels, help }) => `| \`${name}\` | ${kind} | ${labelsOf(labels)} | ${help} |`,
  );
  return ['| metric | kind | labels | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function labelsOf(labels: Labels): string {
  return Object.entries(labels)
    .map(([label, values]) => {
      const said = 'anyOf' in values ? values.anyOf : values.map((value) => `\`${value}\``).join(' ');
      return `${label}: ${said}`;
    })
    .join('; ');
}
