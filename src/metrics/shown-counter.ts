import { Counter } from 'prom-client';

/** Something that is counted elsewhere. */
export interface ShownCount {
  readonly name: string;
  readonly help: string;
  /** How often it has happened so far. */
  readonly value: () => number;
}

/** Makes a counter that is read at each scrape. */
export function makeShownCounter({ name, help, value }: ShownCount): Counter {
  return new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

/** Makes the counter of log lines that were lost because the output could not be written. */
export function makeDroppedLinesCounter(value: () => number): Counter {
  return makeShownCounter({
    name: 'millrace_log_lines_dropped_total',
    help: 'Lines of the log that were lost because standard output or standard error could not be written.',
    value,
  });
}
