import type { Ending, GenerationEnding, GenerationStart, TraceLevel } from '../tracer.js';
import type { Capture, Captured } from './capture.js';
import type { FinishedEvent, FinishedGeneration, FinishedObservation } from './finished-trace.js';

/** The beginning of an observation. */
export interface ObservationStart {
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly time: number;
  readonly input?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly generation?: GenerationStart;
}

/** Approximate memory of an observation or event beside its captured texts, in bytes. */
const OBSERVATION_BYTES = 512;
const EVENT_BYTES = 128;

/** Most events of one observation; more would come from a runaway loop. */
const MOST_EVENTS = 128;

/** One open observation. It captures everything at once. */
export class OpenObservation {
  readonly id: string;
  readonly #capture: Capture;
  readonly #known: Pick<FinishedObservation, 'id' | 'parentId' | 'name' | 'startTime' | 'input'>;
  readonly #model: Pick<FinishedGeneration, 'provider' | 'model' | 'parameters'> | undefined;
  readonly #events: FinishedEvent[] = [];
  #metadata: Captured;
  #firstTokenTime: number | undefined;
  #finished: FinishedObservation | undefined;
  #bytes = OBSERVATION_BYTES;

  constructor({ id, parentId, name, time, input, metadata, generation }: ObservationStart, capture: Capture) {
    this.id = id;
    this.#capture = capture;
    const text = this.#count(capture.captureContent(input, 'input'));
    this.#known = {
      id,
      ...(parentId !== undefined && { parentId }),
      name,
      startTime: time,
      ...(text !== undefined && { input: text }),
    };
    const { parameters, others } = capture.splitParameters(generation?.parameters);
    this.#model = generation && { provider: generation.provider, model: generation.model, parameters };
    this.#metadata = this.#countAll(capture.captureFacts({ ...others, ...metadata }, 'metadata'));
  }

  get hasEnded(): boolean {
    return this.#finished !== undefined;
  }

  /** Its approximate memory so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The ended observation; undefined while it is open. */
  get finished(): FinishedObservation | undefined {
    return this.#finished;
  }

  noteFirstToken(time: number): void {
    if (!this.hasEnded) this.#firstTokenTime ??= time;
  }

  addEvent(name: string, time: number, data: Readonly<Record<string, unknown>> | undefined, level: TraceLevel): void {
    if (this.hasEnded || this.#events.length >= MOST_EVENTS) return;
    this.#bytes += EVENT_BYTES;
    this.#events.push({ name, time, level, data: this.#countAll(this.#capture.captureFacts(data, 'event')) });
  }

  /** Ends the observation. Only the first call counts. */
  end(ending: GenerationEnding, endedAt: number): void {
    if (this.hasEnded) return;
    const output = this.#count(this.#capture.captureContent(ending.output, 'output'));
    const statusMessage = this.#count(this.#capture.captureStatus(ending.statusMessage));
    const generation = this.#finishGeneration(ending);
    this.#metadata = { ...this.#metadata, ...this.#countAll(this.#capture.captureFacts(ending.metadata, 'metadata')) };
    this.#finished = {
      ...this.#known,
      endTime: Math.max(this.#known.startTime, endedAt),
      ...(output !== undefined && { output }),
      metadata: this.#metadata,
      level: ending.level ?? 'DEFAULT',
      ...(statusMessage !== undefined && { statusMessage }),
      events: this.#events,
      ...(generation && { generation }),
    };
  }

  #finishGeneration(ending: GenerationEnding): FinishedGeneration | undefined {
    if (this.#model === undefined) return undefined;
    const { usage, finishReason, model } = ending;
    return {
      ...this.#model,
      ...(model !== undefined && model !== this.#model.model && { answeredBy: model }),
      ...(usage !== undefined && { usage }),
      ...(finishReason !== undefined && { finishReason }),
      ...(this.#firstTokenTime !== undefined && { firstTokenTime: this.#firstTokenTime }),
    };
  }

  #count(text: string | undefined): string | undefined {
    if (text !== undefined) this.#bytes += Buffer.byteLength(text);
    return text;
  }

  #countAll(texts: Captured): Captured {
    for (const [name, text] of Object.entries(texts)) this.#bytes += name.length + Buffer.byteLength(text);
    return texts;
  }
}

/** The ending of an observation that was never ended. */
export const NOT_ENDED: Ending = { level: 'WARNING', statusMessage: 'not ended' };
