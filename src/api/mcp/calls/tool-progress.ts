import type { RunEvent } from '../../../engine/index.js';
import { assertNever } from '../../../kernel/index.js';
import type { LoggedEvent } from '../../../runs/index.js';
import type { Delta } from '../../../streaming/index.js';
import type { McpToolCall } from './tool-call.js';

/** Sends a client progress that it has asked for: the names of steps, words of authors, and the text as it comes. */
export class ToolProgress {
  readonly #call: Pick<McpToolCall, 'progressToken' | 'notify'>;
  readonly #isPaused: () => boolean;
  #count = 0;

  /** @param isPaused true while the client is behind: all but text is left out then */
  constructor(call: Pick<McpToolCall, 'progressToken' | 'notify'>, isPaused: () => boolean) {
    this.#call = call;
    this.#isPaused = isPaused;
  }

  next(event: RunEvent | LoggedEvent): void {
    if (this.#call.progressToken === undefined) return;
    switch (event.type) {
      case 'delta':
        this.#sendDelta(event.node, event.delta);
        break;
      case 'node-started':
        if (!this.#isPaused()) this.#send('step', event.node, `${event.node} has begun`);
        break;
      case 'node-progress':
        if (!this.#isPaused()) this.#send('progress', event.node, event.message);
        break;
      case 'run-started':
      case 'run-resumed':
      case 'run-continued':
      case 'run-waiting':
      case 'run-retrying':
      case 'run-finished':
      case 'run-failed':
      case 'node-restarted':
      case 'route-taken':
      case 'model-identified':
      case 'node-finished':
      case 'node-failed':
        break;
      default:
        assertNever(event);
    }
  }

  #sendDelta(node: string, delta: Delta): void {
    switch (delta.type) {
      case 'content':
        this.#send('text', node, delta.text);
        break;
      case 'reasoning':
      case 'refusal':
      case 'tool-call':
      case 'annotations':
      case 'images':
      case 'audio':
      case 'mcp':
        break;
      default:
        assertNever(delta);
    }
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
