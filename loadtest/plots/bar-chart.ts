import { bottomAxis, colourOf, drawSvg, type Frame, frame, type Series, whiskers } from './chart.ts';

export type BarChart = Frame & {
  /** Under each group of bars. */
  readonly categories: readonly string[];
  /** What the categories are; nothing unless told. */
  readonly xName?: string;
  /** One bar of each in every group, as tall as the median. */
  readonly series: readonly Series[];
};

/** Bars in groups, with their spread, as SVG. */
export function barChart({ categories, xName = '', series, ...rest }: BarChart): string {
  return drawSvg({
    ...frame(rest),
    xAxis: { type: 'category', data: [...categories], ...bottomAxis(xName), axisTick: { show: false } },
    series: series.flatMap(({ name, values }, index) => [
      {
        type: 'bar',
        name,
        data: values.map((spread) => spread?.value ?? '-'),
        silent: true,
        color: colourOf(index),
      },
      whiskers(
        values.flatMap((spread, x) => (spread === null ? [] : [{ x, spread }])),
        { beside: { index, count: series.length }, isLabelled: true },
      ),
    ]),
  });
}
