import { assertNever } from '../../kernel/index.js';
import type { FinishReason, Usage } from '../../models/index.js';
import type { OpaqueObject, AudioDelta, Delta, TextDelta, ToolCallDelta } from '../../streaming/index.js';
import type { CompletionHead } from './completions.decoder.js';

/** The part that is the same in all chunks of one completion. */
export interface ChunkHead extends CompletionHead {
  /** True if the client asked for usage: chunks before the usage chunk then carry `usage: null`. */
  readonly includeUsage: boolean;
}

/**
 * Writes one completion as frames with `chat.completion.chunk` objects: the role once, first, then the deltas, one finish reason,
 * and the usage if requested. The constant part is serialised once.
 */
export class ChunkEncoder {
  readonly #head: string;
  readonly #usageNull: string;
  #attribution = '';
  // The text around the delta, and around the content of a delta with nothing else.
  #beforeDelta = '';
  readonly #afterDelta: string;
  #beforeText = '';
  readonly #afterText: string;
  #hasRole = false;
  /** Number of calls. */
  #calls = 0;
  #annotations = 0;
  #images = 0;

  constructor({ id, created, model, includeUsage }: ChunkHead) {
    this.#head = `data: {"id":"${id}","object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)}`;
    this.#usageNull = includeUsage ? ',"usage":null' : '';
    this.#afterDelta = `,"finish_reason":null}]${this.#usageNull}}\n\n`;
    this.#afterText = `}${this.#afterDelta}`;
    this.#prepare();
  }

  /**
   * Sets the model's build and the service tier of all chunks. It has no effect after the first delta: clients expect both to stay
   * the same.
   */
  attribute(systemFingerprint: string | undefined, serviceTier: string | undefined): void {
    if (this.#hasRole) return;
    this.#attribution =
      (systemFingerprint === undefined ? '' : `,"system_fingerprint":${JSON.stringify(systemFingerprint)}`) +
      (serviceTier === undefined ? '' : `,"service_tier":${JSON.stringify(serviceTier)}`);
    this.#prepare();
  }

  /** Encodes a delta; before the first one comes the frame with the role. */
  encodeDelta(delta: Delta): string {
    switch (delta.type) {
      case 'tool-call':
        this.#calls = Math.max(this.#calls, delta.index + 1);
        return this.#role() + this.#frame(encodeToolCall(delta));
      case 'audio':
        return this.#role() + this.#frame(encodeAudio(delta));
      case 'annotations': {
        const json = JSON.stringify({ annotations: addIndexes(delta.annotations, this.#annotations) });
        this.#annotations += delta.annotations.length;
        return this.#role() + this.#frame(json);
      }
      case 'images': {
        const json = JSON.stringify({ images: addIndexes(delta.images, this.#images) });
        this.#images += delta.images.length;
        return this.#role() + this.#frame(json);
      }
      // Clients of chat have no form for it, and name no such servers.
      case 'mcp':
        return '';
      case 'content':
      case 'reasoning':
      case 'refusal':
        return this.#textFrame(delta);
      default:
        return assertNever(delta);
    }
  }

  /**
   * Encodes a node event as a valid chunk with an empty delta, which every client can ignore. It is never a named event and never
   * a chunk without choices: both break clients (measured).
   * @param millrace JSON of the event
   */
  encodeEvent(millrace: string): string {
    const after = `,"finish_reason":null}]${this.#usageNull},"millrace":${millrace}}\n\n`;
    return `${this.#role()}${this.#beforeDelta}{}${after}`;
  }

  /** Encodes a whole call that was not made by a model. */
  encodeCall(id: string, name: string, args: string): string {
    return this.encodeDelta({ type: 'tool-call', index: this.#calls, id, name, arguments: args });
  }

  /** Encodes the frame that ends the message. */
  encodeFinish(reason: FinishReason): string {
    return this.#role() + `${this.#beforeDelta}{},"finish_reason":"${reason}"}]${this.#usageNull}}\n\n`;
  }

  /**
   * Encodes the usage of the whole run; `choices` is empty, as OpenAI sends it.
   * @param isIncomplete true if more may have been used
   */
  encodeUsage(usage: Usage, isIncomplete = false): string {
    const more = isIncomplete ? ',"usage_incomplete":true' : '';
    return `${this.#head}${this.#attribution},"choices":[],"usage":${JSON.stringify(usage)}${more}}\n\n`;
  }

  #textFrame({ type, text, logprobs }: TextDelta): string {
    const role = this.#role();
    const json = JSON.stringify(text);
    if (type === 'reasoning') {
      // Both names: LangChain reads only the first, OpenAI Agents only the second.
      return role + this.#frame(`{"reasoning_content":${json},"reasoning":${json}}`);
    }
    if (type === 'content' && logprobs === undefined) return role + this.#beforeText + json + this.#afterText;
    const choice = `{"${type}":${json}}`;
    if (logprobs === undefined) return role + this.#frame(choice);
    const other = type === 'content' ? 'refusal' : 'content';
    return role + this.#frame(`${choice},"logprobs":{"${type}":${JSON.stringify(logprobs)},"${other}":null}`);
  }

  #role(): string {
    if (this.#hasRole) return '';
    this.#hasRole = true;
    return this.#frame('{"role":"assistant","content":"","refusal":null}');
  }

  #frame(delta: string): string {
    return this.#beforeDelta + delta + this.#afterDelta;
  }

  #prepare(): void {
    const start = ',"choices":[{"index":0,"delta":';
    this.#beforeDelta = this.#head + this.#attribution + start;
    // Joined, not added: V8 would copy a text of several parts into each frame again.
    this.#beforeText = [this.#head, this.#attribution, start, '{"content":'].join('');
  }
}

function encodeToolCall({ index, id, kind, name, arguments: piece }: ToolCallDelta): string {
  // Calls of a custom tool have an input in place of arguments.
  const body =
    kind === 'custom'
      ? { custom: { ...(name !== undefined && { name }), input: piece } }
      : { function: { ...(name !== undefined && { name }), arguments: piece } };
  const isFirst = id !== undefined || name !== undefined;
  return JSON.stringify({
    tool_calls: [{ index, ...(id !== undefined && { id }), ...(isFirst && { type: kind ?? 'function' }), ...body }],
  });
}

/** Adds the `index` that clients (openai-python) need to join the lists of several chunks. */
function addIndexes(items: readonly OpaqueObject[], first: number): readonly OpaqueObject[] {
  return items.map((item, place) => ({ ...item, index: first + place }));
}

function encodeAudio({ id, data, transcript, expiresAt }: AudioDelta): string {
  return JSON.stringify({
    audio: {
      ...(id !== undefined && { id }),
      ...(data !== undefined && { data }),
      ...(transcript !== undefined && { transcript }),
      ...(expiresAt !== undefined && { expires_at: expiresAt }),
    },
  });
}
