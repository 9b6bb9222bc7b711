/** The frames of one streamed completion, of the size and with the fields that OpenAI sends. */
export class Chunks {
  #head;
  #tail;

  /** @param {{ model: string, includeUsage: boolean }} options */
  constructor({ model, includeUsage }) {
    const head = JSON.stringify({
      id: 'chatcmpl-C0aTqJ3wYtPn5vLkRz8sDfGhXbMe1',
      object: 'chat.completion.chunk',
      created: 1_767_225_600,
      model,
      service_tier: 'default',
      system_fingerprint: 'fp_5e9a1c3b7d',
    });
    this.#head = `data: ${head.slice(0, -1)},"choices":`;
    this.#tail = includeUsage ? ',"usage":null}\n\n' : '}\n\n';
  }

  role() {
    return this.#choice('{"role":"assistant","content":"","refusal":null}', 'null');
  }

  /** @param {string} text */
  content(text) {
    return this.#choice(`{"content":${JSON.stringify(text)}}`, 'null');
  }

  finish() {
    return this.#choice('{}', '"stop"');
  }

  /** @param {number} tokens */
  usage(tokens) {
    const usage = { prompt_tokens: 20, completion_tokens: tokens, total_tokens: 20 + tokens };
    return `${this.#head}[],"usage":${JSON.stringify(usage)}}\n\n`;
  }

  #choice(delta, finishReason) {
    return `${this.#head}[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finishReason}}]${this.#tail}`;
  }
}
