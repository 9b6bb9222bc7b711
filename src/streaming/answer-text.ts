import type { Delta, ToolCallDelta } from './delta.js';
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

  /** In the order in which the model began them. */
  get toolCalls(): readonly CollectedToolCall[] {
    this.#arguments.forEach((text, index) => {
      const call = this.#toolCalls[index];
      if (call !== undefined) call.arguments = text.text;
    });
    return this.#toolCalls;
  }

  add(delta: Delta): void {
    if (delta.type === 'tool-call') this.#addToolCall(delta);
    else if (delta.type === 'content') this.#content.add(delta.text);
    else if (delta.type === 'reasoning') this.#reasoning.add(delta.text);
    else this.#refusal.add(delta.text);
  }

  /** The answer for a trace: the text alone, or an object of all that it consists of. */
  output(): unknown {
    const { content, reasoning, refusal, toolCalls } = this;
    if (reasoning === '' && refusal === '' && toolCalls.length === 0) return content;
    return {
      ...(content !== '' && { content }),
      ...(reasoning !== '' && { reasoning }),
      ...(refusal !== '' && { refusal }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    };
  }

  #addToolCall(delta: ToolCallDelta): void {
    const call = (this.#toolCalls[delta.index] ??= { arguments: '' });
    if (delta.id !== undefined) call.id = delta.id;
    if (delta.name !== undefined) call.name = delta.name;
    if (delta.kind !== undefined) call.kind = delta.kind;
    (this.#arguments[delta.index] ??= new GrowingText()).add(delta.arguments);
  }
}
