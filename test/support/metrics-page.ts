import { getJson } from './http-client.js';

/** One sample: a name with its labels, and the value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** The content of a `/metrics` page, parsed as strictly as Prometheus' text format 0.0.4 requires. */
export class MetricsPage {
  readonly samples: readonly Sample[];
  /** Type by the metric's name: `counter`, `gauge` or `histogram`. */
  readonly types: ReadonlyMap<string, string>;

  /** @throws Error that names a line outside the format */
  constructor(text: string) {
    const types = new Map<string, string>();
    const samples: Sample[] = [];
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('# HELP ')) continue;
      const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
      if (type !== null) types.set(type[1] ?? '', type[2] ?? '');
      else samples.push(readSample(line));
    }
    this.types = types;
    this.samples = samples;
  }

  /** The page of a server. */
  static async of(url: string): Promise<MetricsPage> {
    const { status, text } = await getJson(`${url}/metrics`);
    if (status !== 200) throw new Error(`/metrics answered ${status}: ${text}`);
    return new MetricsPage(text);
  }

  /** Sum of the values of a name over all series that have these labels; 0 if there are none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.filter(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** Every series of a name that has these labels. */
  filter(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }
}

function readSample(line: string): Sample {
  const [, name = '', inner = '', value = ''] = LINE.exec(line) ?? [];
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const match = LABEL.exec(inner);
    if (match === null) throw new Error(`Not a line of Prometheus' text format: ${line}`);
    labels[match[1] ?? ''] = match[2] ?? '';
  }
  const number = value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
  if (name === '' || (Number.isNaN(number) && !/^nan$/i.test(value))) {
    throw new Error(`Not a line of Prometheus' text format: ${line}`);
  }
  return { name, labels, value: number };
}
