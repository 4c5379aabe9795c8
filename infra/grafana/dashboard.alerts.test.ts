import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { allMetrics } from '@kryton/launcher/metrics/all-metrics.ts';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { seriesIn, unknownIn } from '../prometheus/testing/known-series.ts';
import { promtool } from '../prometheus/testing/promtool.ts';
import { dashboard, queriesOf } from './dashboard.ts';

/** Units of Grafana that are used (packages/grafana-data/src/valueFormats/categories.ts). */
const UNITS = ['none', 'short', 's', 'bytes', 'Bps', 'ops', 'reqps', 'percentunit'];
const COLUMNS = 24;

describe('the dashboard', () => {
  const board = dashboard();
  const shown = board.panels.filter(({ type }) => type !== 'row');

  it('asks in a language that Prometheus understands', async () => {
    const rules = queriesOf(board).map((expr, index) => ({ record: `query_${index}`, expr }));
    const path = temporaryDirectory('dashboard');
    writeFileSync(join(path, 'queries.yml'), stringify({ groups: [{ name: 'queries', rules }] }));
    const said = await promtool(path, 'check', 'rules', 'queries.yml');
    expect(said).toContain(`${rules.length} rules found`);
  });

  it('asks for what nodes and workers expose, and shows nearly all of it', () => {
    const queries = queriesOf(board);
    expect(queries.flatMap((query) => unknownIn(query))).toEqual([]);
    for (const query of queries) expect(query, 'a variable that was left').not.toContain('$');
    const asked = new Set(queries.flatMap(seriesIn).map((series) => series.replace(/_(bucket|count)$/, '')));
    const names = Object.values(allMetrics()).flatMap((metrics) => metrics.map(({ name }) => name));
    const hidden = [...new Set(names)].filter((name) => !asked.has(name));
    // Of plugins it shows that they work and fail, not each by itself.
    expect(hidden).toEqual(['kryton_plugin_connections', 'kryton_plugin_on']);
  });

  it('has panels with an id, a title, a unit and a place of their own', () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    expect(new Set(shown.map(({ title }) => title)).size).toBe(shown.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of board.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(COLUMNS);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} lies on another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    for (const { title, fieldConfig, targets = [] } of shown) {
      expect(UNITS, title).toContain(fieldConfig?.defaults.unit);
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      for (const { datasource } of targets) {
        expect(datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` });
      }
    }
  });

  it('is provided together with the Prometheus of the compose file', () => {
    const read = (path: string) => parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
    const prometheus = parse(readFileSync(new URL('../prometheus/prometheus.yml', import.meta.url), 'utf8'));
    const [source] = read('./provisioning/datasources/prometheus.yml').datasources;
    expect(source).toMatchObject({ type: 'prometheus', isDefault: true });
    expect(source.jsonData.timeInterval).toBe(prometheus.global.scrape_interval);
    const [provider] = read('./provisioning/dashboards/kryton.yml').providers;
    expect(provider).toMatchObject({ type: 'file', options: { path: expect.stringMatching(/^\//) } });
  });
});
