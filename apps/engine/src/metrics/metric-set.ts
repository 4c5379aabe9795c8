import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The values that a label may have: all of them, or in words what bounds them where they are known at the start only
 * (the plugins of a node). Never documents, people or addresses.
 */
export type LabelValues = readonly string[] | { readonly anyOf: string };

export type Labels = Readonly<Record<string, LabelValues>>;

export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** What is known of a metric before anything is measured. */
export type MetricDescription = {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels: Labels;
};

export type HistogramOptions<L extends Labels> = {
  readonly labels?: L;
  /** Upper bounds, in the unit of the metric. */
  readonly buckets: readonly number[];
};

type NoLabels = Readonly<Record<never, LabelValues>>;
type Name<L extends Labels> = Extract<keyof L, string>;

/**
 * The metrics of one part of a process, in Prometheus' form, each described as it is made. Every combination of label
 * values is there from the start with 0: `increase()` sees nothing of a series that begins with 1.
 */
export class MetricSet {
  readonly registry = new Registry();
  readonly #descriptions: MetricDescription[] = [];

  /** `node` labels every figure: processes of one machine, and nodes in one process, are told apart by it. */
  constructor(node: string) {
    this.registry.setDefaultLabels({ node });
  }

  /** In the order in which they were made. */
  get descriptions(): readonly MetricDescription[] {
    return this.#descriptions;
  }

  counter<L extends Labels = NoLabels>(name: string, help: string, labels?: L): Counter<Name<L>> {
    const counter = new Counter<Name<L>>(this.#describe(name, 'counter', help, labels));
    for (const each of combinations(labels ?? {})) counter.inc(each, 0);
    return counter;
  }

  histogram<L extends Labels = NoLabels>(
    name: string,
    help: string,
    { labels, buckets }: HistogramOptions<L>,
  ): Histogram<Name<L>> {
    const options = { ...this.#describe<L>(name, 'histogram', help, labels), buckets: [...buckets] };
    const histogram = new Histogram<Name<L>>(options);
    for (const each of combinations(labels ?? {})) histogram.zero(each);
    return histogram;
  }

  /** A gauge that is set when something is learnt; until then it has no value. */
  gauge<L extends Labels = NoLabels>(name: string, help: string, labels?: L): Gauge<Name<L>> {
    const gauge = new Gauge<Name<L>>(this.#describe(name, 'gauge', help, labels));
    // Without labels it would begin as 0, which nobody measured.
    if (!labels) gauge.remove();
    return gauge;
  }

  /** A gauge that is asked for at each scrape; null where there is nothing to say. */
  asked(name: string, help: string, read: () => number | null): void {
    const gauge = new Gauge({
      ...this.#describe(name, 'gauge', help),
      collect() {
        const value = read();
        if (value === null) gauge.remove();
        else gauge.set(value);
      },
    });
  }

  /** A gauge with one value for each of `values`, asked for at each scrape. */
  askedBy<Value extends string>(
    name: string,
    help: string,
    [label, values]: readonly [label: string, values: readonly Value[]],
    read: (value: Value) => number,
  ): void {
    const gauge = new Gauge<string>({
      ...this.#describe(name, 'gauge', help, { [label]: values }),
      collect() {
        for (const value of values) gauge.set({ [label]: value }, read(value));
      },
    });
  }

  /** A counter whose sum somebody else keeps, asked for at each scrape. */
  askedCounter(name: string, help: string, read: () => number): void {
    const counter = new Counter({
      ...this.#describe(name, 'counter', help),
      collect() {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  #describe<L extends Labels>(name: string, kind: MetricKind, help: string, labels?: L) {
    this.#descriptions.push({ name, kind, help, labels: labels ?? {} });
    return { name, help, labelNames: Object.keys(labels ?? {}) as Name<L>[], registers: [this.registry] };
  }
}

/** Every combination of the values that are known. */
function combinations(labels: Labels): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if ('anyOf' in values) return [];
    all = all.flatMap((each) => values.map((value) => ({ ...each, [label]: value })));
  }
  return all;
}
