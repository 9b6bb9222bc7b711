import type { RunEvent } from '../../../engine/index.js';
import type { LoggedEvent } from '../../../runs/index.js';
import type { ToolCall } from './tool-call.js';

/** Sends a client progress that it has asked for: the names of steps, words of authors, and the text as it comes. */
export class ToolProgress {
  readonly #call: Pick<ToolCall, 'progressToken' | 'notify'>;
  readonly #isPaused: () => boolean;
  #count = 0;

  /** @param isPaused true while the client is behind: all but text is left out then */
  constructor(call: Pick<ToolCall, 'progressToken' | 'notify'>, isPaused: () => boolean) {
    this.#call = call;
    this.#isPaused = isPaused;
  }

  next(event: RunEvent | LoggedEvent): void {
    if (this.#call.progressToken === undefined) return;
    if (event.type === 'delta') {
      if (event.delta.type === 'content') this.#send('text', event.node, event.delta.text);
    } else if (this.#isPaused()) return;
    else if (event.type === 'node-started') this.#send('step', event.node, `${event.node} has begun`);
    else if (event.type === 'node-progress') this.#send('progress', event.node, event.message);
  }

  /** The same token with a growing count, because the total is unknown. */
  #send(kind: 'text' | 'step' | 'progress', node: string, message: string): void {
    this.#call.notify({
      method: 'notifications/progress',
      params: {
        progressToken: this.#call.progressToken ?? '',
        progress: ++this.#count,
        message,
        _meta: { 'millrace/kind': kind, 'millrace/node': node },
      },
    });
  }
}
