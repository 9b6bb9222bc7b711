import { Histogram, type MetricObjectWithValues, type MetricValueWithName } from 'prom-client';

/** What was observed under one set of label values. */
export class Series {
  readonly #bounds: readonly number[];
  /** By bucket; the last one has no bound. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds upper bounds of the buckets, rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** By bucket, not cumulative; the last one has no upper bound. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    const counts = this.#counts;
    let bucket = 0;
    // Beyond the last bound this compares with undefined, which is false.
    while (value > (bounds[bucket] as number)) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.#sum += value;
  }
}

interface LabelledSeries<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly series: Series;
}

/**
 * A histogram of prom-client's whose series can be held in the hand. prom-client looks a series up anew for each
 * observation, and a bucket by the text of its bound, which takes ten times as long (docs/performance.md); here there is one
 * observation for each write of tokens to a client.
 */
export class SeriesHistogram<L extends string> extends Histogram<L> {
  /** Never observed: it says what prom-client says of a histogram beside its values. */
  readonly #empty: Histogram<L>;
  readonly #name: string;
  readonly #labelNames: readonly L[];
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, LabelledSeries<L>>();

  /** @param buckets upper bounds, rising */
  constructor(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]) {
    const configuration = { name, help, labelNames, buckets: [...buckets], registers: [] };
    super(configuration);
    this.#empty = new Histogram(configuration);
    this.#name = name;
    this.#labelNames = labelNames;
    this.#bounds = buckets;
    // prom-client's own way in, for observations that are rare. It sets this field itself, so that no method could override it.
    this.observe = (labels: unknown, value?: number): void => {
      this.series(labels as Readonly<Record<L, string>>).observe(value ?? 0);
    };
  }

  /** The series with these label values, made at its first use. */
  series(labels: Readonly<Record<L, string>>): Series {
    const names = this.#labelNames;
    let key = '';
    for (const name of names) key += `${labels[name]}\n`;
    let entry = this.#series.get(key);
    if (entry === undefined) {
      entry = { labels: { ...labels }, series: new Series(this.#bounds) };
      this.#series.set(key, entry);
    }
    return entry.series;
  }

  /** What a registry shows, and what the processes of a cluster tell one another. */
  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<L>>> {
    const shown = await this.#empty.get();
    return { ...shown, values: [...this.#series.values()].flatMap((entry) => this.#valuesOf(entry)) };
  }

  /** What prom-client asks in place of {@link get} for its text format. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<L>>> {
    return this.get();
  }

  /** Buckets are cumulative in Prometheus' formats. */
  #valuesOf({ labels, series }: LabelledSeries<L>): MetricValueWithName<L>[] {
    const name = this.#name;
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, index) => {
      count += series.counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: series.sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
