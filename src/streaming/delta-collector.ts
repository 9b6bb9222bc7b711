import { assertNever } from '../kernel/index.js';
import type { OpaqueObject, AudioDelta, Delta, TextDelta, TokenLogprob, ToolCallDelta } from './delta.js';
import { GrowingText } from './growing-text.js';

/** A whole call of a tool. What the upstream left out is absent. */
export interface CollectedToolCall {
  readonly id?: string;
  readonly name?: string;
  readonly kind?: 'custom';
  /** As the model wrote them: JSON in a string, not always valid. */
  readonly arguments: string;
}

/** A whole spoken output. What the upstream left out is absent. */
export interface CollectedAudio {
  readonly id?: string;
  /** In base64 and the format of the request. */
  readonly data: string;
  readonly transcript: string;
  /** Until when the id is known, in seconds since the Unix epoch. */
  readonly expiresAt?: number;
}

/** Log probabilities of all tokens, by the channel that they belong to. */
export interface CollectedLogprobs {
  readonly content: readonly TokenLogprob[];
  readonly refusal: readonly TokenLogprob[];
}

interface GrowingToolCall {
  id?: string;
  name?: string;
  kind?: 'custom';
  readonly arguments: GrowingText;
}

interface GrowingAudio {
  id?: string;
  expiresAt?: number;
  readonly data: GrowingText;
  readonly transcript: GrowingText;
  /** Characters of base64. */
  length: number;
}

/** Collects the deltas of one model call, or of one run. */
export class DeltaCollector {
  readonly #keepsAll: boolean;
  readonly #content = new GrowingText();
  // Made on demand: most completions are content alone, and each open one has a collector.
  #reasoning: GrowingText | undefined;
  #refusal: GrowingText | undefined;
  #toolCalls: GrowingToolCall[] | undefined;
  #annotations: OpaqueObject[] | undefined;
  #images: OpaqueObject[] | undefined;
  #audio: GrowingAudio | undefined;
  #logprobs: { readonly content: TokenLogprob[]; readonly refusal: TokenLogprob[] } | undefined;

  /** @param keepsAll false: sound and log probabilities are not kept, which only whole responses need */
  constructor(keepsAll = false) {
    this.#keepsAll = keepsAll;
  }

  get content(): string {
    return this.#content.text;
  }

  get reasoning(): string {
    return this.#reasoning?.text ?? '';
  }

  /** Empty unless the model refused. */
  get refusal(): string {
    return this.#refusal?.text ?? '';
  }

  /** The words of what was spoken. */
  get transcript(): string {
    return this.#audio?.transcript.text ?? '';
  }

  /** In the order of their indices; an index that no call has leaves no hole. */
  get toolCalls(): readonly CollectedToolCall[] {
    return (this.#toolCalls ?? []).filter(() => true).map((call) => ({ ...call, arguments: call.arguments.text }));
  }

  /** Sources that models named; places count in {@link content}, in Unicode code points. */
  get annotations(): readonly OpaqueObject[] {
    return this.#annotations ?? [];
  }

  get images(): readonly OpaqueObject[] {
    return this.#images ?? [];
  }

  /** Undefined if nothing was spoken. Its data is empty unless all is kept. */
  get audio(): CollectedAudio | undefined {
    if (this.#audio === undefined) return undefined;
    const { data, transcript, length: _length, ...rest } = this.#audio;
    return { ...rest, data: joinBase64(data.text), transcript: transcript.text };
  }

  /** Undefined if there are none, or they are not kept. */
  get logprobs(): CollectedLogprobs | undefined {
    return this.#logprobs;
  }

  add(delta: Delta): void {
    switch (delta.type) {
      case 'content':
        this.#content.add(delta.text);
        this.#addLogprobs('content', delta);
        break;
      case 'reasoning':
        (this.#reasoning ??= new GrowingText()).add(delta.text);
        break;
      case 'refusal':
        (this.#refusal ??= new GrowingText()).add(delta.text);
        this.#addLogprobs('refusal', delta);
        break;
      case 'tool-call':
        this.#addToolCall(delta);
        break;
      // One by one: as arguments of one call, a hundred thousand do not fit on the stack.
      case 'annotations':
        for (const annotation of delta.annotations) (this.#annotations ??= []).push(annotation);
        break;
      case 'images':
        for (const image of delta.images) (this.#images ??= []).push(image);
        break;
      case 'audio':
        this.#addAudio(delta);
        break;
      // Not a part of the model's output.
      case 'mcp':
        break;
      default:
        assertNever(delta);
    }
  }

  /** The whole output for a trace: the text alone, or an object with all parts. */
  output(): unknown {
    const { content, reasoning, refusal, toolCalls, annotations, images } = this;
    const hasOthers = annotations.length > 0 || images.length > 0 || this.#audio !== undefined;
    if (reasoning === '' && refusal === '' && toolCalls.length === 0 && !hasOthers) return content;
    return {
      ...(content !== '' && { content }),
      ...(reasoning !== '' && { reasoning }),
      ...(refusal !== '' && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
      ...(annotations.length > 0 && { annotations }),
      ...(images.length > 0 && { images }),
      ...(this.#audio !== undefined && { audio: describeAudio(this.#audio) }),
    };
  }

  #addLogprobs(channel: keyof CollectedLogprobs, { logprobs }: TextDelta): void {
    if (logprobs === undefined || !this.#keepsAll) return;
    this.#logprobs ??= { content: [], refusal: [] };
    const known = this.#logprobs[channel];
    for (const logprob of logprobs) known.push(logprob);
  }

  #addAudio({ id, data = '', transcript = '', expiresAt }: AudioDelta): void {
    const audio = (this.#audio ??= { data: new GrowingText(), transcript: new GrowingText(), length: 0 });
    if (id !== undefined) audio.id = id;
    if (expiresAt !== undefined) audio.expiresAt = expiresAt;
    audio.length += data.length;
    if (this.#keepsAll) audio.data.add(data);
    audio.transcript.add(transcript);
  }

  #addToolCall({ index, id, name, kind, arguments: piece }: ToolCallDelta): void {
    const calls = (this.#toolCalls ??= []);
    const call = (calls[index] ??= { arguments: new GrowingText() });
    if (id !== undefined) call.id = id;
    if (name !== undefined) call.name = name;
    if (kind !== undefined) call.kind = kind;
    call.arguments.add(piece);
  }
}

function describeAudio({ length, transcript }: GrowingAudio): object {
  return { data: `<base64, about ${Math.floor((length * 3) / 4)} bytes>`, transcript: transcript.text };
}

/** Joins base64. Pieces that were encoded separately have padding between them, at which decoders stop. */
function joinBase64(pieces: string): string {
  if (!/=[^=]/.test(pieces)) return pieces;
  const parts = pieces.match(/[^=]+=*/g) ?? [];
  return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64'))).toString('base64');
}
