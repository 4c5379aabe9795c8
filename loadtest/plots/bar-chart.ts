import {
  bottomAxis,
  colourOf,
  drawSvg,
  type Frame,
  frame,
  PLOT_WIDTH,
  type Series,
  whiskers,
} from './chart.ts';

/** Between two labels, in pixels. */
const LABEL_GAP = 8;

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
  const axis = bottomAxis(xName);
  const labelWidth = Math.floor(PLOT_WIDTH / categories.length) - LABEL_GAP;
  return drawSvg({
    ...frame(rest),
    xAxis: {
      type: 'category',
      data: [...categories],
      ...axis,
      axisTick: { show: false },
      // Every one of them, broken into lines where it is too long: the library would leave some out.
      axisLabel: { ...axis.axisLabel, interval: 0, width: labelWidth, overflow: 'break' },
    },
    series: series.flatMap(({ name, values, colour }, index) => [
      {
        type: 'bar',
        name,
        data: values.map((spread) => spread?.value ?? '-'),
        silent: true,
        color: colourOf(colour ?? index),
      },
      whiskers(
        values.flatMap((spread, x) => (spread === null ? [] : [{ x, spread }])),
        { beside: { index, count: series.length }, isLabelled: true },
      ),
    ]),
  });
}
