import { cutText, redactBeginning } from '../../kernel/index.js';
import type { CapturedField, TraceMask } from '../trace-mask.js';
import { captureJson } from './capture-json.js';
import type { FinishedGeneration } from './finished-trace.js';
import { replaceMedia } from './media.js';
import { readModelParameters } from './model-parameters.js';
import { pickTechnicalFacts, pickTechnicalStatus } from './technical-facts.js';

/** What a trace may hold of the values that it gets. */
interface CaptureOptions {
  /** False: keeps nothing that users or models wrote. */
  readonly content: boolean;
  /** Most bytes of one captured value. */
  readonly limit: number;
  readonly mask: TraceMask | undefined;
}

/** Most entries that are captured of metadata or of an event's data. */
const MOST_ENTRIES = 64;

type Facts = Readonly<Record<string, unknown>>;
/** Captured texts by name. */
export type Captured = Readonly<Record<string, string>>;

/** Turns values into texts at once, without secrets. Never throws. */
export class Capture {
  readonly #options: CaptureOptions;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Captures an input or output; undefined if there is none or it may not be kept. */
  captureContent(value: unknown, field: 'input' | 'output'): string | undefined {
    return this.#options.content ? this.#captureText(value, field) : undefined;
  }

  /** Captures a status message. */
  captureStatus(message: string | undefined): string | undefined {
    if (message === undefined) return undefined;
    return this.#captureText(this.#options.content ? message : pickTechnicalStatus(message), 'statusMessage');
  }

  /**
   * Splits the parameters of a model call into those that backends take as such and the others, which {@link captureFacts} captures.
   */
  splitParameters(all: Facts = {}): { readonly parameters: FinishedGeneration['parameters']; readonly others: Facts } {
    return readModelParameters(all, {
      content: this.#options.content,
      text: (value) => this.#captureText(value, 'metadata') ?? '',
    });
  }

  /** Captures values by name. */
  captureFacts(facts: Facts | undefined, field: 'metadata' | 'event'): Captured {
    if (facts === undefined) return {};
    const kept = this.#options.content ? facts : pickTechnicalFacts(facts);
    const captured: [string, string][] = [];
    for (const [name, value] of Object.entries(kept)) {
      if (captured.length === MOST_ENTRIES) break;
      const text = this.#captureText(value, field);
      if (text !== undefined) captured.push([name, text]);
    }
    return Object.fromEntries(captured);
  }

  #captureText(value: unknown, field: CapturedField): string | undefined {
    const { limit, mask } = this.#options;
    const text = typeof value === 'string' ? captureText(value, limit) : captureJson(value, limit);
    if (text === undefined || mask === undefined) return text;
    try {
      const masked: unknown = mask.mask(text, field);
      return typeof masked === 'string' ? cutText(masked, limit) : MASKING_FAILED;
    } catch {
      return MASKING_FAILED;
    }
  }
}

function captureText(value: string, limit: number): string {
  const { text, beyond } = redactBeginning(replaceMedia(value, limit), limit);
  return cutText(text, limit, beyond);
}

const MASKING_FAILED = '<masking failed>';
