import {
  type Ending,
  type GenerationEnding,
  type GenerationHandle,
  type GenerationStart,
  type SpanHandle,
  type TraceHandle,
  type TraceLevel,
  Tracer,
  type TraceStart,
  type TracingHealth,
} from '../../src/tracing/index.js';

type SpanStart = NonNullable<Parameters<TraceHandle['openSpan']>[1]>;

/** An event of a span or generation. */
interface RecordedEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly level: TraceLevel;
}

/** The record of one trace, span or generation. */
class RecordedObservation<Start = unknown, End extends Ending = Ending> {
  readonly children: RecordedObservation[] = [];
  readonly events: RecordedEvent[] = [];
  /** The arguments of each call of `end`. A correct observation has exactly one. */
  readonly endings: End[] = [];
  /** The number of calls of `firstToken`, for generations only. */
  firstTokens = 0;
  /** Names of observations and events after the end, which a tracing backend would lose. */
  readonly late: string[] = [];

  constructor(
    readonly kind: 'trace' | 'span' | 'generation',
    readonly name: string,
    readonly start: Start,
  ) {}

  /** Its first ending, which is the one that counts. */
  get ending(): End | undefined {
    return this.endings[0];
  }

  /** All spans and generations below this one, each before its own children. */
  descendants(): RecordedObservation[] {
    return this.children.flatMap((child) => [child, ...child.descendants()]);
  }

  /** The observation and all below it, one line each, with children indented. */
  toString(indent = ''): string {
    const level = this.ending?.level ?? 'DEFAULT';
    const how = this.ending === undefined ? 'open' : level === 'DEFAULT' ? 'ended' : `ended: ${level}`;
    const lines = [
      `${indent}${this.kind} ${this.name} (${how}${this.endings.length > 1 ? `, ${this.endings.length} times` : ''})`,
      ...this.events.map(({ name, level }) => `${indent}  event ${name}${level === 'DEFAULT' ? '' : ` (${level})`}`),
      ...this.children.map((child) => child.toString(`${indent}  `)),
    ];
    return lines.join('\n');
  }
}

/** A trace with the id of its handle. */
export class RecordedTrace extends RecordedObservation<TraceStart> {
  constructor(
    readonly id: string,
    start: TraceStart,
  ) {
    super('trace', start.name, start);
  }
}

/** A span. */
type RecordedSpan = RecordedObservation<SpanStart>;

/** A model call. */
export type RecordedGeneration = RecordedObservation<GenerationStart, GenerationEnding>;

/** A tracer that records everything for the checks of a test. */
export class RecordingTracer extends Tracer {
  override readonly enabled = true;
  /** In the order of their start. */
  readonly traces: RecordedTrace[] = [];
  /** The deadline of each call of `flush`, in milliseconds. */
  readonly flushes: number[] = [];

  override startTrace(start: TraceStart): TraceHandle {
    const trace = new RecordedTrace((this.traces.length + 1).toString(16).padStart(32, '0'), start);
    this.traces.push(trace);
    return { id: trace.id, openSpan: (name, begin) => beginSpan(trace, name, begin), end: makeEndHandle(trace) };
  }

  override readHealth(): TracingHealth {
    return { startedTraces: this.traces.length, exporters: [] };
  }

  override flush(deadlineMs: number): Promise<void> {
    this.flushes.push(deadlineMs);
    return Promise.resolve();
  }

  /** All observations of all traces, in the order of the tree. */
  all(): RecordedObservation[] {
    return this.traces.flatMap((trace) => [trace, ...trace.descendants()]);
  }

  /** The spans, of all traces, that have this name. */
  spans(name?: string): RecordedSpan[] {
    return this.all().filter((one): one is RecordedSpan => one.kind === 'span' && matches(one, name));
  }

  /** The model calls, of all traces, that have this name. */
  generations(name?: string): RecordedGeneration[] {
    return this.all().filter((one): one is RecordedGeneration => one.kind === 'generation' && matches(one, name));
  }

  /** Every trace as an indented outline. */
  override toString(): string {
    return this.traces.map(String).join('\n');
  }

  /**
   * Checks that every observation has ended exactly once, and that nothing was added to it after its end.
   * @throws Error that lists the faults and shows the outline
   */
  assertAllClosed(): void {
    const faults = this.all().flatMap(({ kind, name, endings, late }) => [
      ...(endings.length === 1 ? [] : [`${kind} ${name} was ended ${endings.length} times`]),
      ...late.map((what) => `${kind} ${name} was given ${what} after its end`),
    ]);
    if (faults.length > 0) throw new Error(`Traces are not closed:\n- ${faults.join('\n- ')}\n${this.toString()}`);
  }
}

function matches(observation: RecordedObservation, name: string | undefined): boolean {
  return name === undefined || observation.name === name;
}

function beginSpan(parent: RecordedObservation, name: string, start: SpanStart = {}): SpanHandle {
  const span: RecordedSpan = new RecordedObservation('span', name, start);
  adopt(parent, span);
  return {
    openSpan: (childName, childStart) => beginSpan(span, childName, childStart),
    openGeneration: (childName, childStart) => beginGeneration(span, childName, childStart),
    addEvent: makeEventHandle(span),
    end: makeEndHandle(span),
  };
}

function beginGeneration(parent: RecordedObservation, name: string, start: GenerationStart): GenerationHandle {
  const generation: RecordedGeneration = new RecordedObservation('generation', name, start);
  adopt(parent, generation);
  return {
    noteFirstToken: () => {
      if (generation.ending !== undefined) generation.late.push('its first token');
      generation.firstTokens++;
    },
    addEvent: makeEventHandle(generation),
    end: makeEndHandle(generation),
  };
}

function adopt(parent: RecordedObservation, child: RecordedObservation): void {
  if (parent.ending !== undefined) parent.late.push(`the ${child.kind} ${child.name}`);
  parent.children.push(child);
}

function makeEventHandle(observation: RecordedObservation): SpanHandle['addEvent'] {
  return (name, data, level = 'DEFAULT') => {
    if (observation.ending !== undefined) observation.late.push(`the event ${name}`);
    observation.events.push({ name, data, level });
  };
}

function makeEndHandle<End extends Ending>(observation: RecordedObservation<unknown, End>): (ending: End) => void {
  return (ending) => {
    observation.endings.push(ending);
  };
}
