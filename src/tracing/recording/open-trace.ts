import { NOOP_TRACE } from '../noop/noop-tracer.js';
import type { GenerationHandle, SpanHandle, TraceHandle, TraceStart } from '../tracer.js';
import type { Capture } from './capture.js';
import type { QueuePlace } from './delivery-queue.js';
import type { FinishedObservation } from './finished-trace.js';
import { NOT_ENDED, type ObservationStart, OpenObservation } from './open-observation.js';

/** The parts of a trace. */
interface TraceParts {
  /** 32 hex digits. */
  readonly id: string;
  readonly start: TraceStart;
  /** The caller's span above the root. */
  readonly callerSpanId?: string;
  /** Its places in the queues of the backends that have room. */
  readonly places: readonly QueuePlace[];
  readonly capture: Capture;
  /** Milliseconds since the Unix epoch, with a fraction; never goes back. */
  readonly now: () => number;
  readonly spanId: () => string;
  /** Takes unexpected errors, because no method of a handle may throw. */
  readonly onFault: (error: unknown) => void;
}

type Start = Omit<ObservationStart, 'id' | 'time'>;

const NOOP_SPAN = NOOP_TRACE.openSpan('');
const NOOP_GENERATION = NOOP_SPAN.openGeneration('', { model: '', provider: '', input: undefined });

/** An open trace. Observations that are open when its root ends are ended with it; later ones are not recorded. */
export class OpenTrace implements TraceHandle {
  readonly id: string;
  readonly #parts: TraceParts;
  readonly #root: OpenObservation | undefined;
  #places: readonly QueuePlace[];
  /** All observations, the root first. Empty once the trace has ended or was given up. */
  #observations: OpenObservation[] = [];

  constructor(parts: TraceParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#places = parts.places;
    const { name, input, metadata } = parts.start;
    this.#root = this.#guard(() => this.#begin({ name, input, ...(metadata && { metadata }) }), undefined);
  }

  openSpan(name: string, start: Parameters<TraceHandle['openSpan']>[1] = {}): SpanHandle {
    return this.#root === undefined ? NOOP_SPAN : this.#openSpan(this.#root, name, start);
  }

  end(ending: Parameters<TraceHandle['end']>[0]): void {
    this.#guard(() => {
      const now = this.#parts.now();
      this.#root?.end(ending, now);
      for (const observation of this.#observations) observation.end(NOT_ENDED, now);
      this.#takeRoom();
      this.#deliver();
    }, undefined);
  }

  /** False once the trace has ended or has no room. */
  get #isOpen(): boolean {
    return this.#places.length > 0;
  }

  #openSpan(
    parent: OpenObservation,
    name: string,
    start: NonNullable<Parameters<TraceHandle['openSpan']>[1]>,
  ): SpanHandle {
    const span = this.#guard(() => this.#begin({ ...start, parentId: parent.id, name }), undefined);
    if (span === undefined) return NOOP_SPAN;
    return {
      openSpan: (childName, childStart = {}) => this.#openSpan(span, childName, childStart),
      openGeneration: (childName, childStart) => this.#openGeneration(span, childName, childStart),
      ...this.#makeCommon(span),
    };
  }

  #openGeneration(
    parent: OpenObservation,
    name: string,
    start: Parameters<SpanHandle['openGeneration']>[1],
  ): GenerationHandle {
    const generation = this.#guard(
      () => this.#begin({ parentId: parent.id, name, input: start.input, generation: start }),
      undefined,
    );
    if (generation === undefined) return NOOP_GENERATION;
    return {
      noteFirstToken: () => this.#guard(() => generation.noteFirstToken(this.#parts.now()), undefined),
      ...this.#makeCommon(generation),
    };
  }

  #makeCommon(observation: OpenObservation): Pick<GenerationHandle, 'addEvent' | 'end'> {
    const change = (work: () => void): void =>
      this.#guard(() => {
        if (!this.#isOpen || observation.hasEnded) return;
        work();
        this.#takeRoom();
      }, undefined);
    return {
      addEvent: (name, data, level = 'DEFAULT') =>
        change(() => observation.addEvent(name, this.#parts.now(), data, level)),
      end: (ending) => change(() => observation.end(ending, this.#parts.now())),
    };
  }

  #begin(start: Start): OpenObservation | undefined {
    if (!this.#isOpen) return undefined;
    const { spanId, now, capture } = this.#parts;
    const observation = new OpenObservation({ ...start, id: spanId(), time: now() }, capture);
    this.#observations.push(observation);
    this.#takeRoom();
    return this.#isOpen ? observation : undefined;
  }

  /** Takes the room that the trace needs. Without room, the whole trace is given up and its memory freed. */
  #takeRoom(): void {
    const bytes = this.#countBytes();
    this.#places = this.#places.filter((place) => place.grow(bytes));
    if (!this.#isOpen) this.#observations = [];
  }

  #deliver(): void {
    if (!this.#isOpen) return;
    const { start, callerSpanId } = this.#parts;
    const observations = this.#observations.flatMap(({ finished }): FinishedObservation[] =>
      finished === undefined ? [] : [finished],
    );
    const trace = {
      id: this.id,
      name: start.name,
      ...(start.userId !== undefined && { userId: start.userId }),
      ...(start.sessionId !== undefined && { sessionId: start.sessionId }),
      tags: start.tags ?? [],
      ...(callerSpanId !== undefined && { callerSpanId }),
      observations,
      bytes: this.#countBytes(),
    };
    for (const place of this.#places) place.deliver(trace);
    this.#places = [];
    this.#observations = [];
  }

  #countBytes(): number {
    return this.#observations.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #guard<T>(work: () => T, otherwise: T): T {
    try {
      return work();
    } catch (error) {
      this.#parts.onFault(error);
      return otherwise;
    }
  }
}
