import { type EChartsOption, init, type SeriesOption } from 'echarts';
import type { Spread } from '../bench/spread.ts';

/** What a value axis shows. */
export type ValueAxis = {
  readonly name: string;
  /** `us`, `ms`, `KB`, …; empty for a plain number. */
  readonly unit: string;
  /** Each step of the axis ten times the one before: for values of several orders of magnitude. */
  readonly isLogarithmic?: boolean;
};

/** Values in the order of the other axis, each with its spread; null where there is none. */
export type Series = {
  readonly name: string;
  readonly values: readonly (Spread | null)[];
  /** The number of its colour, so that it is the same in several charts; its place among the series unless told. */
  readonly colour?: number;
};

export type Frame = {
  readonly title: string;
  /** In small print under the title: on what, when. */
  readonly subtitle?: string;
  readonly y: ValueAxis;
};

const SIZE = { width: 860, height: 420 };
const MARGIN = { top: 90, bottom: 80, left: 70, right: 30 };
/** Of the axis along the bottom, in pixels. */
export const PLOT_WIDTH = SIZE.width - MARGIN.left - MARGIN.right;
/** Readable on a page that is dark as well, because the plot brings its own white. */
const PAPER = '#ffffff';
const INK = '#24292f';
const GRID = '#d8dee4';
/** Blue, orange, green, red, violet, brown: apart for the colour-blind too (Okabe and Ito, darkened for white). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc3311', '#7b4fa3', '#8c6d31'];

/** The colour of the series with this number; whiskers are series of their own and would take every second one. */
export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? INK;
}

/** The axis title: "CPU per edit (us)". */
export function axisName({ name, unit }: Pick<ValueAxis, 'name' | 'unit'>): string {
  return unit === '' ? name : `${name} (${unit})`;
}

/** What all charts have alike. */
export function frame({ title, subtitle, y }: Frame): EChartsOption {
  return {
    animation: false,
    backgroundColor: PAPER,
    textStyle: { color: INK },
    title: {
      text: title,
      ...(subtitle === undefined ? {} : { subtext: subtitle, subtextStyle: { color: INK } }),
      textStyle: { color: INK, fontSize: 16 },
      left: 'center',
    },
    legend: { bottom: 8, textStyle: { color: INK } },
    grid: MARGIN,
    yAxis: {
      type: y.isLogarithmic ? 'log' : 'value',
      name: axisName(y),
      nameLocation: 'end',
      nameTextStyle: { color: INK, align: 'left' },
      axisLabel: { color: INK },
      splitLine: { lineStyle: { color: GRID } },
    },
  };
}

/** The style of an axis along the bottom. */
export function bottomAxis(name: string) {
  return {
    name,
    nameLocation: 'middle' as const,
    nameGap: 28,
    nameTextStyle: { color: INK },
    axisLabel: { color: INK },
    axisLine: { lineStyle: { color: INK } },
  };
}

/** Three digits that count, without an exponent. */
export function label(value: number): string {
  return String(Number(value.toPrecision(3)));
}

type Whisker = { readonly x: number; readonly spread: Spread };

/**
 * The spread of each point as a line from the lowest to the highest value, its median written above. `beside` places it
 * on one of several bars of a category.
 */
export function whiskers(
  points: readonly Whisker[],
  options: {
    readonly beside?: { readonly index: number; readonly count: number };
    readonly isLabelled: boolean;
  },
): SeriesOption {
  const halfCap = 4;
  return {
    type: 'custom',
    silent: true,
    z: 10,
    data: points.map(({ x, spread }) => [x, spread.value, spread.lowest, spread.highest]),
    encode: { x: 0, y: [1, 2, 3] },
    renderItem(_params, api) {
      const [x = 0, lowest = 0] = api.coord([api.value(0), api.value(2)]);
      const [, highest = 0] = api.coord([api.value(0), api.value(3)]);
      const { beside } = options;
      const offset =
        beside === undefined
          ? 0
          : (api.barLayout({ count: beside.count })?.[beside.index]?.offsetCenter ?? 0);
      const at = Math.round(x + offset);
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: 'line' as const,
        shape: { x1, y1, x2, y2 },
        style: { stroke: INK, lineWidth: 1 },
      });
      const text = { x: at, y: highest - 4, text: label(Number(api.value(1))), align: 'center' as const };
      return {
        type: 'group',
        children: [
          line(at, lowest, at, highest),
          line(at - halfCap, lowest, at + halfCap, lowest),
          line(at - halfCap, highest, at + halfCap, highest),
          ...(options.isLabelled
            ? [
                {
                  type: 'text' as const,
                  style: { ...text, verticalAlign: 'bottom' as const, fill: INK, fontSize: 11 },
                },
              ]
            : []),
        ],
      };
    },
  };
}

/** The chart as the text of an SVG file: the same option gives the same bytes, in whatever order charts are drawn. */
export function drawSvg(option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  try {
    chart.setOption(option);
    return (
      chart
        .renderToSVGString()
        // What reacts to a pointer is of no use in a picture.
        .replace(/<style >[\s\S]*?<\/style>\n?/, '')
        .replace(/ (?:class|ecmeta_\w+|pointer-events)="[^"]*"/g, '')
        // Ids count the charts of this process.
        .replaceAll(/\bzr\d+-/g, 'plot-')
        .concat('\n')
    );
  } finally {
    chart.dispose();
  }
}
