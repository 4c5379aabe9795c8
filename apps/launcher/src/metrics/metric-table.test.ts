import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allMetrics } from './all-metrics.ts';
import { withMetricTables } from './metric-table.ts';

/** What the last word of a name may be: base units (https://prometheus.io/docs/practices/naming), … */
const UNITS = ['seconds', 'bytes', 'ratio', 'info'];
/** … things that are counted, with what qualifies them behind, … */
const COUNTED = ['connections', 'documents', 'entries', 'statements', 'jobs', 'keys', 'clients', 'limit'];
/** … and states that are 0 or 1. */
const STATES = ['ready', 'draining', 'overloaded', 'on', 'up', 'healthy', 'noeviction'];
/** The only labels there are; `node` is added to all. Nothing of a document, a person or an address. */
const LABELS = [
  'class',
  'kind',
  'outcome',
  'plugin',
  'quantile',
  'reason',
  'result',
  'role',
  'runtime',
  'state',
  'version',
];
/** Series of one metric in one process, histograms not counted by bucket. */
const MOST_SERIES = 40;

describe('metrics', () => {
  const all = Object.entries(allMetrics()).flatMap(([role, metrics]) =>
    metrics.map((metric) => ({ role, ...metric })),
  );

  it.each(all)('$name of a $role says what it is, in which unit', ({ name, kind, help }) => {
    expect(name).toMatch(/^kryton_[a-z]+(_[a-z]+)*$/);
    expect(help).toMatch(/^[A-Z0-9].{8,}\.$/);
    const last = name.split('_').at(-1) ?? '';
    if (kind === 'counter') expect(last).toBe('total');
    else if (kind === 'histogram') expect(UNITS).toContain(last);
    else expect([...UNITS, ...COUNTED, ...STATES]).toContain(last);
  });

  it.each(all)(
    'ACC4 $name of a $role has few labels with few values, none of a document or a person',
    ({ labels }) => {
      let series = 1;
      for (const [label, values] of Object.entries(labels)) {
        expect(LABELS).toContain(label);
        if ('anyOf' in values) continue;
        expect(new Set(values).size).toBe(values.length);
        series *= values.length;
      }
      expect(series).toBeLessThanOrEqual(MOST_SERIES);
    },
  );

  it('have one name each, and the same meaning in both processes', () => {
    const { node, worker } = allMetrics();
    for (const metrics of [node, worker]) {
      const names = metrics.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
    for (const metric of node) {
      const same = worker.find(({ name }) => name === metric.name);
      if (same) expect(same).toEqual(metric);
    }
  });

  it('are all on their page (npm run docs:metrics)', () => {
    const page = readFileSync(new URL('../../../../infra/prometheus/METRICS.md', import.meta.url), 'utf8');
    expect(withMetricTables(page)).toBe(page);
  });
});
