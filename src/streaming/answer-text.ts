import type { Delta, ToolCallDelta } from './delta.js';

/** A call of a tool, whole. What the upstream left out is absent. */
export interface CollectedToolCall {
  id?: string;
  name?: string;
  kind?: 'custom';
  /** As the model wrote them: JSON in a string, not always valid. */
  arguments: string;
}

/** Collects the pieces of one answer. Strings grow as ropes, so a piece costs the same whatever came before it. */
export class AnswerText {
  #content = '';
  #reasoning = '';
  #refusal = '';
  readonly #toolCalls: CollectedToolCall[] = [];

  get content(): string {
    return this.#content;
  }

  get reasoning(): string {
    return this.#reasoning;
  }

  /** Empty unless the model refused. */
  get refusal(): string {
    return this.#refusal;
  }

  /** In the order in which the model began them. */
  get toolCalls(): readonly CollectedToolCall[] {
    return this.#toolCalls;
  }

  add(delta: Delta): void {
    if (delta.type === 'tool-call') this.#addToolCall(delta);
    else if (delta.type === 'content') this.#content += delta.text;
    else if (delta.type === 'reasoning') this.#reasoning += delta.text;
    else this.#refusal += delta.text;
  }

  /** The answer for a trace: the text alone, or an object of all that it consists of. */
  output(): unknown {
    if (this.#reasoning === '' && this.#refusal === '' && this.#toolCalls.length === 0) return this.#content;
    return {
      ...(this.#content !== '' && { content: this.#content }),
      ...(this.#reasoning !== '' && { reasoning: this.#reasoning }),
      ...(this.#refusal !== '' && { refusal: this.#refusal }),
      ...(this.#toolCalls.length > 0 && { tool_calls: this.#toolCalls }),
    };
  }

  #addToolCall(delta: ToolCallDelta): void {
    const call = (this.#toolCalls[delta.index] ??= { arguments: '' });
    if (delta.id !== undefined) call.id = delta.id;
    if (delta.name !== undefined) call.name = delta.name;
    if (delta.kind !== undefined) call.kind = delta.kind;
    call.arguments += delta.arguments;
  }
}
