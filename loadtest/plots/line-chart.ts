import {
  axisName,
  bottomAxis,
  colourOf,
  drawSvg,
  type Frame,
  frame,
  type Series,
  type ValueAxis,
  whiskers,
} from './chart.ts';

export type LineChart = Frame & {
  readonly x: ValueAxis & { readonly values: readonly number[] };
  /** One line of each through its medians. */
  readonly series: readonly Series[];
};

/** Lines over a value, with the spread at each point, as SVG. */
export function lineChart({ x, series, ...rest }: LineChart): string {
  return drawSvg({
    ...frame(rest),
    xAxis: {
      type: x.isLogarithmic ? 'log' : 'value',
      ...bottomAxis(axisName(x)),
      splitLine: { show: false },
    },
    series: series.flatMap(({ name, values, colour }, index) => {
      const points = values.flatMap((spread, place) => {
        const at = x.values[place];
        return spread === null || at === undefined ? [] : [{ x: at, spread }];
      });
      return [
        {
          type: 'line',
          name,
          data: points.map((point) => [point.x, point.spread.value]),
          silent: true,
          color: colourOf(colour ?? index),
        },
        // Of several lines without a spread, the ends would be all that there is of it.
        whiskers(
          series.length === 1 ? points : points.filter(({ spread }) => spread.lowest < spread.highest),
          {
            isLabelled: series.length === 1,
          },
        ),
      ];
    }),
  });
}
