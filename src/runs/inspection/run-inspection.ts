import type { RunError } from '../../errors/index.js';
import type { JsonValue } from '../../kernel/index.js';
import type { Cost, ModelName, Usage } from '../../models/index.js';
import type { EventLevel, StepKind } from '../../workflow/index.js';

/** What happened between two moments. Times are in milliseconds since the Unix epoch. */
interface TimedPart {
  readonly startedAt: number;
  /** Absent: it has not ended. */
  endedAt?: number;
}

/** One call of a model. */
export interface InspectedCall extends TimedPart, ModelName {
  readonly type: 'model-call';
  /** The span or tool call in which the model was called; absent: the step itself. */
  readonly within?: number;
  readonly messages?: JsonValue;
  readonly parameters?: JsonValue;
  firstTokenAt?: number;
  /** Requests that failed before any output, and were repeated. */
  readonly retries: {
    readonly at: number;
    readonly attempt: number;
    readonly delayMs: number;
    readonly reason: string;
  }[];
  outcome?: string;
  failure?: string;
  /** The model's name according to its provider. */
  answeredBy?: string;
  output?: JsonValue;
  usage?: Usage;
  cost?: Cost;
}

/** One tool call, or a part of a step that its author measures. */
export interface InspectedSpan extends TimedPart {
  readonly type: 'tool' | 'span';
  readonly span: number;
  readonly within?: number;
  readonly name: string;
  readonly input?: JsonValue;
  level?: EventLevel;
  failure?: string;
  output?: JsonValue;
}

/** Something that happened at one moment: another attempt, a fallback, a repair, or what an author noted. */
interface InspectedNote {
  readonly type: 'note';
  readonly within?: number;
  readonly name: string;
  readonly level: EventLevel;
  readonly at: number;
  readonly data?: JsonValue;
}

export type InspectedEvent = InspectedCall | InspectedSpan | InspectedNote;

/** One step, each time that it ran. */
export interface InspectedStep extends TimedPart {
  readonly node: string;
  readonly kind: StepKind;
  readonly visible: boolean;
  status: 'running' | 'completed' | 'failed' | 'recovered' | 'aborted';
  input?: JsonValue;
  output?: JsonValue;
  /** The error as a client sees it. */
  error?: RunError;
  usage?: Usage;
  /** The branch that a route has chosen. */
  branch?: string;
  readonly events: InspectedEvent[];
}

/** The inside of a run so far. Plain JSON, so that a store can keep it. */
export interface RunInspection {
  readonly id: string;
  /** Id of the caller who may see it. */
  readonly owner: string;
  /** The model name in its request. */
  readonly model: string;
  readonly workflow: string;
  /** Milliseconds since the Unix epoch. */
  startedAt: number;
  traceId?: string;
  endedAt?: number;
  status: 'running' | 'waiting' | 'completed' | 'failed';
  error?: RunError;
  usage?: Usage;
  /** True if something was left out because the inspection of the run had reached its limit of bytes. */
  isTruncated: boolean;
  readonly steps: InspectedStep[];
}
