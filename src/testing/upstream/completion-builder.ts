import type { RecordedRequest } from './recorded-request.js';
import { makeEnvelope } from './sse-encoder.js';
import type { ContentStep, Json, Style } from './steps.js';

interface ToolCallPiece {
  readonly index: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

interface ChunkDelta {
  readonly content?: string | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly tool_calls?: readonly ToolCallPiece[];
  readonly audio?: Json;
  readonly annotations?: readonly Json[];
  readonly images?: readonly Json[];
}

const TEXT_FIELDS = ['content', 'refusal', 'reasoning_content', 'reasoning'] as const;

/** Makes one `chat.completion` from a script's steps, for a request that does not stream. */
export class CompletionBuilder {
  readonly #envelope: Json;
  readonly #texts = new Map<string, string>();
  readonly #toolCalls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] = [];
  readonly #lists = new Map<'annotations' | 'images', Json[]>();
  #audio: Json | undefined;
  #finishReason: string | number | null = null;
  #usage: Json | undefined;

  constructor(request: RecordedRequest) {
    this.#envelope = { ...makeEnvelope(request), object: 'chat.completion' };
  }

  /** @throws Error for steps that only a stream can show */
  take(step: ContentStep): void {
    if (step.kind === 'raw' || step.kind === 'chunk') {
      throw new Error(`A "${step.kind}" step has no meaning for a request without "stream": true`);
    }
    if (step.kind === 'usage') this.#usage = step.usage;
    if (step.kind !== 'delta') return;
    this.#takeDelta(step.delta);
    this.#finishReason = step.finishReason ?? this.#finishReason;
    this.#usage = step.usage ?? this.#usage;
  }

  /** Makes the body of the response. */
  build(style: Style): string {
    const message = {
      role: 'assistant',
      content: this.#texts.get('content') ?? (this.#toolCalls.length > 0 ? null : ''),
      refusal: null,
      ...Object.fromEntries(this.#texts),
      ...(this.#toolCalls.length > 0 && { tool_calls: this.#toolCalls }),
      ...Object.fromEntries(this.#lists),
      ...(this.#audio && { audio: this.#audio }),
    };
    return JSON.stringify({
      ...this.#envelope,
      ...style.envelope,
      choices: [{ index: 0, message, logprobs: null, finish_reason: this.#finishReason }],
      ...(this.#usage && { usage: this.#usage }),
    });
  }

  #takeDelta(delta: ChunkDelta): void {
    for (const field of TEXT_FIELDS) {
      const piece = delta[field];
      if (piece) this.#texts.set(field, (this.#texts.get(field) ?? '') + piece);
    }
    for (const list of ['annotations', 'images'] as const) {
      const more = delta[list];
      if (more) this.#lists.set(list, [...(this.#lists.get(list) ?? []), ...more]);
    }
    for (const [field, value] of Object.entries(delta.audio ?? {})) {
      const known = this.#audio?.[field];
      this.#audio = { ...this.#audio, [field]: typeof known === 'string' ? `${known}${String(value)}` : value };
    }
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      const call = (this.#toolCalls[index] ??= {
        id: id ?? '',
        type: 'function',
        function: { name: '', arguments: '' },
      });
      call.function.name += called?.name ?? '';
      call.function.arguments += called?.arguments ?? '';
    }
  }
}
