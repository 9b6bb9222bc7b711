import type { Delta, ToolCallDelta } from '../streaming/index.js';

interface ToolCall {
  id?: string;
  name?: string;
  arguments: string;
}

/** Collects the pieces of one answer. Strings grow as ropes, so a piece costs the same whatever came before it. */
export class AnswerText {
  #content = '';
  #reasoning = '';
  #refusal = '';
  readonly #toolCalls: ToolCall[] = [];

  get content(): string {
    return this.#content;
  }

  /** Empty unless the model refused. */
  get refusal(): string {
    return this.#refusal;
  }

  add(batch: readonly Delta[]): void {
    for (const delta of batch) {
      if (delta.type === 'tool-call') this.#addToolCall(delta);
      else if (delta.type === 'content') this.#content += delta.text;
      else if (delta.type === 'reasoning') this.#reasoning += delta.text;
      else this.#refusal += delta.text;
    }
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
    call.arguments += delta.arguments;
  }
}
