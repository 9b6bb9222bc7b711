import { assertNever } from '../kernel/index.js';
import type { AnswerObject, AudioDelta, Delta, ToolCallDelta } from './delta.js';
import { GrowingText } from './growing-text.js';

/** A call of a tool, whole. What the upstream left out is absent. */
export interface CollectedToolCall {
  id?: string;
  name?: string;
  kind?: 'custom';
  /** As the model wrote them: JSON in a string, not always valid. */
  arguments: string;
}

/** Collects the pieces of one answer. */
export class AnswerText {
  readonly #content = new GrowingText();
  readonly #reasoning = new GrowingText();
  readonly #refusal = new GrowingText();
  readonly #toolCalls: CollectedToolCall[] = [];
  /** The arguments of each of them. */
  readonly #arguments: GrowingText[] = [];
  readonly #annotations: AnswerObject[] = [];
  readonly #images: AnswerObject[] = [];
  readonly #transcript = new GrowingText();
  /** Characters of base64. What was heard is not kept: nobody reads it here. */
  #audioLength: number | undefined;

  get content(): string {
    return this.#content.text;
  }

  get reasoning(): string {
    return this.#reasoning.text;
  }

  /** Empty unless the model refused. */
  get refusal(): string {
    return this.#refusal.text;
  }

  /** The words of a spoken answer. */
  get transcript(): string {
    return this.#transcript.text;
  }

  /** In the order in which the model began them. */
  get toolCalls(): readonly CollectedToolCall[] {
    this.#arguments.forEach((text, index) => {
      const call = this.#toolCalls[index];
      if (call !== undefined) call.arguments = text.text;
    });
    return this.#toolCalls;
  }

  add(delta: Delta): void {
    switch (delta.type) {
      case 'content':
        this.#content.add(delta.text);
        break;
      case 'reasoning':
        this.#reasoning.add(delta.text);
        break;
      case 'refusal':
        this.#refusal.add(delta.text);
        break;
      case 'tool-call':
        this.#addToolCall(delta);
        break;
      case 'annotations':
        for (const annotation of delta.annotations) this.#annotations.push(annotation);
        break;
      case 'images':
        for (const image of delta.images) this.#images.push(image);
        break;
      case 'audio':
        this.#addAudio(delta);
        break;
      default:
        assertNever(delta);
    }
  }

  /** The answer for a trace: the text alone, or an object of all that it consists of. */
  output(): unknown {
    const { content, reasoning, refusal, toolCalls } = this;
    const hasOthers = this.#annotations.length > 0 || this.#images.length > 0 || this.#audioLength !== undefined;
    if (reasoning === '' && refusal === '' && toolCalls.length === 0 && !hasOthers) return content;
    return {
      ...(content !== '' && { content }),
      ...(reasoning !== '' && { reasoning }),
      ...(refusal !== '' && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
      ...(this.#annotations.length > 0 && { annotations: this.#annotations }),
      ...(this.#images.length > 0 && { images: this.#images }),
      ...(this.#audioLength !== undefined && { audio: this.#shownAudio(this.#audioLength) }),
    };
  }

  #shownAudio(length: number): object {
    return { data: `<base64, about ${Math.floor((length * 3) / 4)} bytes>`, transcript: this.transcript };
  }

  #addAudio({ data = '', transcript = '' }: AudioDelta): void {
    this.#audioLength = (this.#audioLength ?? 0) + data.length;
    this.#transcript.add(transcript);
  }

  #addToolCall(delta: ToolCallDelta): void {
    const call = (this.#toolCalls[delta.index] ??= { arguments: '' });
    if (delta.id !== undefined) call.id = delta.id;
    if (delta.name !== undefined) call.name = delta.name;
    if (delta.kind !== undefined) call.kind = delta.kind;
    (this.#arguments[delta.index] ??= new GrowingText()).add(delta.arguments);
  }
}
