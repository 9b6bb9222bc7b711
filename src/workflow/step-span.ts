import { type JsonValue, toJsonValue } from '../kernel/index.js';
import { type AgentEvent, type EventFacts, type EventLevel, MOST_CONTENT_BYTES } from './agent-event.js';

/** Takes the events of one step. */
export interface StepEvents {
  /** True if observers want content: then it is emitted, and so are authors' spans. */
  readonly wantsContent: boolean;
  emit(event: AgentEvent): void;
  /** Takes the text from which an output was made. Absent: it is not stored. */
  readonly noteSource?: (output: object, json: string) => void;
  /** @returns a number that no other call or span of the step has */
  takeNumber(): number;
}

/** The beginning of an author's span. */
interface SpanStart {
  readonly input?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The end of a span. */
interface SpanEnding {
  readonly output?: unknown;
  /** Absent: `DEFAULT`. */
  readonly level?: EventLevel;
  readonly statusMessage?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The span of a step, or of a part of it that its author times. Costs nothing if nobody observes the content. */
export class StepSpan {
  readonly #events: StepEvents;
  readonly #number: number | undefined;

  /** @param number number of the span; undefined for the step itself */
  constructor(events: StepEvents, number?: number) {
    this.#events = events;
    this.#number = number;
  }

  /** The place of events in this span. */
  get place(): { readonly within?: number } {
    return this.#number === undefined ? {} : { within: this.#number };
  }

  /** Begins a span inside this one. The caller must end it. */
  span(name: string, { input, metadata }: SpanStart = {}): StepSpan {
    if (!this.#events.wantsContent) return this;
    const span = this.#events.takeNumber();
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
    if (!this.#events.wantsContent) return;
    const facts = data && { data: toFacts(data) };
    this.#events.emit({ type: 'span-event', ...this.place, name, level, ...facts });
  }

  /** Ends the span. Only the first call counts. */
  end({ output, level, statusMessage, metadata }: SpanEnding = {}): void {
    if (!this.#events.wantsContent) return;
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

/** Makes a value from an author's code plain JSON for an event; undefined for what JSON leaves out. */
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
