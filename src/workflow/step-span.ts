import { type JsonValue, toJsonValue } from '../kernel/index.js';
import { type AgentEvent, type EventFacts, type EventLevel, MOST_CONTENT_BYTES } from './agent-event.js';

/** Tells of what happens in one step. */
export interface StepEvents {
  /** True if somebody keeps a trace: then content and the spans of authors are told. */
  readonly isTraced: boolean;
  emit(event: AgentEvent): void;
  /** @returns a number that no other call or span of the step has */
  nextNumber(): number;
}

/** What an author says of a span. */
export interface SpanStart {
  readonly input?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** How a span ended. */
export interface SpanEnding {
  readonly output?: unknown;
  /** Absent: `DEFAULT`. */
  readonly level?: EventLevel;
  readonly statusMessage?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A step, or a part of it that its author chose to time. Costs nothing when nobody keeps a trace. */
export class StepSpan {
  readonly #events: StepEvents;
  readonly #number: number | undefined;

  /** @param number of the span; undefined: the step itself */
  constructor(events: StepEvents, number?: number) {
    this.#events = events;
    this.#number = number;
  }

  /** Where what happens in this span happens, for events. */
  get place(): { readonly within?: number } {
    return this.#number === undefined ? {} : { within: this.#number };
  }

  /** Begins a span in this one. Whoever begins it ends it. */
  span(name: string, { input, metadata }: SpanStart = {}): StepSpan {
    if (!this.#events.isTraced) return this;
    const span = this.#events.nextNumber();
    const shown = toContent(input);
    this.#events.emit({
      type: 'span-started',
      span,
      ...this.place,
      name,
      ...(shown !== undefined && { input: shown }),
      ...(metadata !== undefined && { metadata: toFacts(metadata) }),
    });
    return new StepSpan(this.#events, span);
  }

  /** Marks a moment. */
  event(name: string, data?: Readonly<Record<string, unknown>>, level: EventLevel = 'DEFAULT'): void {
    if (!this.#events.isTraced) return;
    const facts = data && { data: toFacts(data) };
    this.#events.emit({ type: 'span-event', ...this.place, name, level, ...facts });
  }

  /** Counts once; later calls do nothing. */
  end({ output, level, statusMessage, metadata }: SpanEnding = {}): void {
    if (!this.#events.isTraced) return;
    const shown = toContent(output);
    this.#events.emit({
      type: 'span-ended',
      ...(this.#number !== undefined && { span: this.#number }),
      ...(level !== undefined && { level }),
      ...(statusMessage !== undefined && { statusMessage }),
      ...(shown !== undefined && { output: shown }),
      ...(metadata !== undefined && { metadata: toFacts(metadata) }),
    });
  }
}

/** A value of an author's code as an event holds it; undefined for what JSON leaves out. */
export function toContent(value: unknown): JsonValue | undefined {
  return typeof value === 'string' ? value : toJsonValue(value, MOST_CONTENT_BYTES);
}

function toFacts(values: Readonly<Record<string, unknown>>): EventFacts {
  const facts: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(values)) {
    const fact = toContent(value);
    if (fact !== undefined) facts.push([name, fact]);
  }
  return Object.fromEntries(facts);
}
