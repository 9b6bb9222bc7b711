import { assertNever } from '../../kernel/index.js';
import type { RecordedBody, RecordedRequest } from './recorded-request.js';
import type { ContentStep, Json, Style } from './steps.js';

/** What all chunks and the completion of one answer have in common: valid, and not what our own server would answer. */
export function makeEnvelope(request: RecordedRequest): Json {
  return { id: `chatcmpl-upstream-${request.index}`, created: 1_790_000_000, model: request.body.model };
}

/** Makes the bytes of server-sent events of steps, as the style in force wants them. */
export class SseEncoder {
  readonly #envelope: Json;
  readonly #usageAsked: boolean;

  constructor(request: RecordedRequest) {
    this.#envelope = { ...makeEnvelope(request), object: 'chat.completion.chunk' };
    this.#usageAsked = asksForUsage(request.body);
  }

  /** @returns no bytes for what the request did not ask for */
  encode(step: ContentStep, style: Style): Uint8Array {
    switch (step.kind) {
      case 'raw':
        return step.bytes;
      case 'comment':
        return event(`: ${step.text}`, style);
      case 'done':
        return data('[DONE]', style);
      case 'chunk':
        return data(json(step.json, style), style);
      case 'usage':
        if (step.onlyIfAsked && !this.#usageAsked) return new Uint8Array();
        return this.#chunk({ choices: [], usage: step.usage }, style);
      case 'delta': {
        const choice = {
          index: 0,
          delta: step.delta,
          ...optional('logprobs', step.logprobs ?? null, style),
          ...optional('finish_reason', step.finishReason, style),
        };
        const usage = this.#usageAsked || step.usage ? optional('usage', step.usage ?? null, style) : {};
        return this.#chunk({ choices: [choice], ...usage }, style);
      }
      default:
        return assertNever(step);
    }
  }

  #chunk(fields: Json, style: Style): Uint8Array {
    return data(json({ ...this.#envelope, ...style.envelope, ...fields }, style), style);
  }
}

function asksForUsage({ stream_options: options }: RecordedBody): boolean {
  return options?.include_usage === true;
}

function optional(key: string, value: unknown, { nullKeys = true }: Style): Json {
  return value === null && !nullKeys ? {} : { [key]: value };
}

function json(value: unknown, { asciiJson = false }: Style): string {
  const text = JSON.stringify(value);
  if (!asciiJson) return text;
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function data(text: string, style: Style): Uint8Array {
  return event(`data:${style.dataSpace === false ? '' : ' '}${text}`, style);
}

function event(line: string, { lineEnd = '\n' }: Style): Uint8Array {
  return Buffer.from(line + lineEnd + lineEnd);
}
