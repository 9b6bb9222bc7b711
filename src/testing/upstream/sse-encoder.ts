import { assertNever } from '../../kernel/index.js';
import type { RecordedBody, RecordedRequest } from './recorded-request.js';
import type { ContentStep, Json, Style } from './steps.js';

/** Makes the common fields of a completion and its chunks; they differ from those of this server. */
export function makeEnvelope(request: RecordedRequest): Json {
  return { id: `chatcmpl-upstream-${request.index}`, created: 1_790_000_000, model: request.body.model };
}

/** Encodes steps as server-sent events in the given style. */
export class SseEncoder {
  readonly #envelope: Json;
  readonly #usageAsked: boolean;

  constructor(request: RecordedRequest) {
    this.#envelope = { ...makeEnvelope(request), object: 'chat.completion.chunk' };
    this.#usageAsked = asksForUsage(request.body);
  }

  /** @returns no bytes for usage that the request did not ask for */
  encode(step: ContentStep, style: Style): Uint8Array {
    switch (step.kind) {
      case 'raw':
        return step.bytes;
      case 'comment':
        return writeEvent(`: ${step.text}`, style);
      case 'done':
        return writeData('[DONE]', style);
      case 'chunk':
        return writeData(writeJson(step.json, style), style);
      case 'usage':
        if (step.onlyIfAsked && !this.#usageAsked) return new Uint8Array();
        return this.#encodeChunk({ choices: [], usage: step.usage }, style);
      case 'delta': {
        const choice = {
          index: 0,
          delta: step.delta,
          ...makeOptional('logprobs', step.logprobs ?? null, style),
          ...makeOptional('finish_reason', step.finishReason, style),
        };
        const usage = this.#usageAsked || step.usage ? makeOptional('usage', step.usage ?? null, style) : {};
        return this.#encodeChunk({ choices: [choice], ...usage }, style);
      }
      default:
        return assertNever(step);
    }
  }

  #encodeChunk(fields: Json, style: Style): Uint8Array {
    return writeData(writeJson({ ...this.#envelope, ...style.envelope, ...fields }, style), style);
  }
}

function asksForUsage({ stream_options: options }: RecordedBody): boolean {
  return options?.include_usage === true;
}

function makeOptional(key: string, value: unknown, { nullKeys = true }: Style): Json {
  return value === null && !nullKeys ? {} : { [key]: value };
}

function writeJson(value: unknown, { asciiJson = false }: Style): string {
  const text = JSON.stringify(value);
  if (!asciiJson) return text;
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function writeData(text: string, style: Style): Uint8Array {
  return writeEvent(`data:${style.dataSpace === false ? '' : ' '}${text}`, style);
}

function writeEvent(line: string, { lineEnd = '\n' }: Style): Uint8Array {
  return Buffer.from(line + lineEnd + lineEnd);
}
