import { describe, expect, it } from 'vitest';
import { alerts, alertTest, DIRECTORY, namesIn, readText } from './testing/alerts.ts';
import { seriesIn, unknownIn } from './testing/known-series.ts';
import { promtool } from './testing/promtool.ts';

const SECTIONS = ['## Meaning', '## Impact', '## How to look', '## What to do'];
/** The only expression about what Prometheus itself knows. */
const ABOUT_TARGETS = 'KrytonNodeDown';

describe('alerts', () => {
  const all = alerts();
  const names = all.map(({ alert }) => alert);

  it('are accepted by promtool, and so is the configuration', async () => {
    await promtool(DIRECTORY, 'check', 'config', 'prometheus.yml');
    await promtool(DIRECTORY, 'check', 'rules', ...namesIn('rules').map((name) => `rules/${name}.yml`));
  });

  it('fire in their tests, and are silent on the healthy series', async () => {
    await promtool(DIRECTORY, 'test', 'rules', ...names.map((name) => `tests/${name}.yml`));
  });

  it('have one name, one page and one test each', () => {
    expect(new Set(names).size).toBe(names.length);
    expect([...namesIn('runbooks')].sort()).toEqual([...names].sort());
    expect([...namesIn('tests')].sort()).toEqual([...names].sort());
  });

  it.each(all)(
    '$alert says how bad it is, what is wrong and where to read on',
    ({ alert, labels, annotations, ...rule }) => {
      expect(alert).toMatch(/^Kryton[A-Z][A-Za-z]+$/);
      expect(labels).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) });
      expect(rule.for).toMatch(/^\d+m$/);
      expect(annotations).toEqual({
        summary: expect.stringMatching(/^[^{]{10,}$/),
        description: expect.stringMatching(/.{20,}\.$/),
        runbook_url: `infra/prometheus/runbooks/${alert}.md`,
      });
      const page = readText(`runbooks/${alert}.md`);
      expect(page).toContain(`# ${alert}\n`);
      expect(page).toContain(`Severity: ${labels['severity']}.`);
      expect(page.match(/^## .*$/gm)).toEqual(SECTIONS);
      expect(page, 'the expression on the page').toContain(`\`\`\`promql\n${rule.expr}\n\`\`\``);
      for (const [named = ''] of page.matchAll(/\bKryton[A-Z]\w+/g)) expect(names).toContain(named);
      for (const [, code = ''] of page.matchAll(/`([^`\n]+)`/g)) expect(unknownIn(code, 'prose')).toEqual([]);
    },
  );

  it.each(all)('$alert asks for what nodes and workers expose', ({ alert, expr }) => {
    if (alert !== ABOUT_TARGETS) expect(seriesIn(expr)).not.toEqual([]);
    expect(unknownIn(expr)).toEqual([]);
  });

  it.each(names)('%s has a test in which it fires and one in which it does not', (name) => {
    const looks = alertTest(name).tests.map(({ alert_rule_test }) => alert_rule_test);
    expect(looks).toHaveLength(2);
    for (const { alertname } of looks.flat()) expect(alertname).toBe(name);
    const [fires = [], silent = []] = looks;
    expect(fires.map(({ exp_alerts }) => exp_alerts.length)).toEqual([1]);
    expect(silent.length).toBeGreaterThan(3);
    expect(silent.flatMap(({ exp_alerts }) => exp_alerts)).toEqual([]);
  });

  it('would be found wrong: a name, a label or a value that nothing exposes', () => {
    expect(unknownIn('rate(kryton_append_failed_total[1m])')).toEqual(['kryton_append_failed_total']);
    expect(unknownIn('kryton_append_seconds > 1')).toHaveLength(1);
    expect(unknownIn('kryton_folds_total{result="broken"}')).toEqual([
      'kryton_folds_total has no result broken',
    ]);
    expect(unknownIn('kryton_folds_total{reason=~"a|b"}')).toEqual([
      'kryton_folds_total has no label reason',
    ]);
    expect(unknownIn('kryton_resyncs_total{reason=~"gap|tial"}')).toEqual([
      'kryton_resyncs_total has no reason tial',
    ]);
  });
});
