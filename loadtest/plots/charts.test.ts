import { describe, expect, it } from 'vitest';
import { barChart } from './bar-chart.ts';
import { lineChart } from './line-chart.ts';

const of = (value: number) => ({ value, lowest: value * 0.9, highest: value * 1.2 });
const BARS = {
  title: 'CPU',
  y: { name: 'CPU per edit', unit: 'us' },
  categories: ['P1', 'P2'],
  series: [
    { name: 'relay', values: [of(4.6), null] },
    { name: 'Kryton', values: [of(2.4), of(335)] },
  ],
};
const LINES = {
  title: 'Growth',
  x: { name: 'nodes', unit: '', values: [1, 2, 4] },
  y: { name: 'CPU per edit', unit: 'us' },
  series: [{ name: 'Kryton', values: [of(300), of(310), of(305)] }],
};

describe('a chart', () => {
  it('is the same bytes for the same values, whatever was drawn before', () => {
    const [bars, lines] = [barChart(BARS), lineChart(LINES)];
    expect([lineChart(LINES), barChart(BARS)]).toEqual([lines, bars]);
  });

  it('says its unit, its names and its medians, on white', () => {
    for (const text of ['CPU per edit (us)', 'relay', 'Kryton', 'P1', 'P2', '4.6', '2.4', '335', '#ffffff'])
      expect(barChart(BARS)).toContain(text);
    for (const text of ['Growth', 'nodes', '300', '310', '305']) expect(lineChart(LINES)).toContain(text);
  });

  it('leaves out no name of a group, however long they are', () => {
    const categories = Array.from({ length: 6 }, (_, index) => `P${index} per delivered edit`);
    const series = [{ name: 'Kryton', values: categories.map(() => of(1)) }];
    const svg = barChart({ ...BARS, categories, series });
    for (const [index] of categories.entries()) expect(svg).toContain(`>P${index}`);
  });

  it('draws no bar where a value is missing, and shows a spread', () => {
    const paths = (svg: string) => svg.split('<path').length;
    const whole = { ...BARS, series: BARS.series.map(({ name }) => ({ name, values: [of(1), of(2)] })) };
    expect(paths(barChart(whole))).toBeGreaterThan(paths(barChart(BARS)));
    const wider = {
      ...LINES,
      series: [{ name: 'Kryton', values: [of(300), of(310), { ...of(305), highest: 400 }] }],
    };
    expect(lineChart(wider)).not.toBe(lineChart(LINES));
  });
});
