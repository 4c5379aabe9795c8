import type { MetricDescription } from '@kryton/engine/metrics/metric-set.ts';
import { allMetrics } from '@kryton/launcher/metrics/all-metrics.ts';

/** Of every metric, added by the process and by Prometheus. */
const EVERYWHERE = ['node', 'namespace', 'instance', 'job', 'pod', 'le'];
const METRICS: ReadonlyMap<string, MetricDescription> = new Map(
  Object.values(allMetrics()).flatMap((metrics) => metrics.map((metric) => [metric.name, metric] as const)),
);

/** The names of Kryton's series in an expression. */
export function seriesIn(expr: string): readonly string[] {
  return [...new Set(expr.match(/\bkryton_[a-z_]+/g))];
}

/**
 * What an expression asks of Kryton that no process exposes: a name, a label, a value of a label. A histogram has no
 * series of its own name; `prose` may name it so.
 */
export function unknownIn(expr: string, kind: 'query' | 'prose' = 'query'): readonly string[] {
  return [...expr.matchAll(/\b(kryton_[a-z_]+)(?:\{([^}]*)\})?/g)].flatMap(
    ([, series = '', selectors = '']) => {
      const metric = METRICS.get(series) ?? histogramOf(series);
      if (!metric) return [series];
      if (kind === 'query' && metric.kind === 'histogram' && metric.name === series)
        return [`${series} without _bucket or _count`];
      return unknownLabels(metric, selectors);
    },
  );
}

function histogramOf(series: string): MetricDescription | undefined {
  const metric = METRICS.get(series.replace(/_(bucket|sum|count)$/, ''));
  return metric?.kind === 'histogram' ? metric : undefined;
}

function unknownLabels({ name, labels }: MetricDescription, selectors: string): readonly string[] {
  return [...selectors.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].flatMap(
    ([, label = '', how = '', text = '']) => {
      if (EVERYWHERE.includes(label)) return [];
      const values = labels[label];
      if (values === undefined) return [`${name} has no label ${label}`];
      if ('anyOf' in values) return [];
      const asked = how.endsWith('~') ? text.split('|') : [text];
      return asked
        .filter((value) => !values.includes(value))
        .map((value) => `${name} has no ${label} ${value}`);
    },
  );
}
