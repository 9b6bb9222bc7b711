import type { NodeFinished, RunEvent, RunFinished } from '../../engine/index.js';
import { assertNever, writeBoundedJson } from '../../kernel/index.js';
import type { Usage } from '../../models/index.js';
import { SaidContent } from './said-content.js';

/** Request header by which a client asks for node events: `millrace-events: true`. */
export const NODE_EVENTS_HEADER = 'millrace-events';

/** About how much one event may take, in bytes: what is longer in it is cut, and says so. */
const EVENT_BYTES = 64 * 1024;
/** The same for the summary at the end, which has something of every node. */
const SUMMARY_BYTES = 4 * EVENT_BYTES;

/** What became of one node, for the summary at the end. */
interface NodeEnding {
  readonly elapsed_ms: number;
  readonly usage?: Usage;
}

/**
 * Turns run events into what clients may see of them, as JSON: the `millrace` object of a chunk whose delta is empty. Keeps
 * what the summary at the end needs. Holds and returns a bounded number of bytes, whatever nodes tell, and never throws.
 */
export class NodeEvents {
  readonly #endings = new Map<string, NodeEnding>();
  /** Objects that visible nodes gave, by node: shown as soon as the client has read the same as text. */
  readonly #outputs = new Map<string, object>();
  readonly #said = new SaidContent(EVENT_BYTES / 2);
  /** Key of the node whose text came last. */
  #speaker: string | undefined;

  /** @returns undefined for events that are no news beside the text */
  encode(event: RunEvent): string | undefined {
    switch (event.type) {
      case 'node-started': {
        const { type, seq, node, kind, visible } = event;
        return stringify({ type, seq, node, kind, visible });
      }
      case 'node-progress': {
        const { type, seq, node, message, data } = event;
        return stringify({ type, seq, node, message, data });
      }
      case 'route-taken': {
        const { type, seq, node, branch } = event;
        return stringify({ type, seq, node, branch });
      }
      case 'model-identified': {
        const { type, seq, node, identity } = event;
        const { model, systemFingerprint: system_fingerprint, serviceTier: service_tier } = identity;
        return stringify({ type, seq, node, model: model && cutFolder(model), system_fingerprint, service_tier });
      }
      case 'delta': {
        const { seq, node, delta } = event;
        if (delta.type === 'content') this.#said.add(node, delta.text);
        if (node === this.#speaker) return undefined;
        this.#speaker = node;
        return stringify({ type: 'node-speaks', seq, node });
      }
      case 'node-finished': {
        const { type, seq, node } = event;
        this.#finished(event);
        return stringify({ type, seq, node, ...this.#endings.get(node), output: this.#shownOutput(node) });
      }
      case 'node-failed': {
        const { type, seq, node, error, recovered, aborted } = event;
        const elapsed_ms = Math.round(event.elapsedMs);
        this.#endings.set(node, { elapsed_ms });
        const { code, message } = aborted ? ABORTED : error;
        return stringify({ type, seq, node, elapsed_ms, code, message, recovered });
      }
      case 'run-started':
      case 'run-finished':
      case 'run-failed':
        return undefined;
      default:
        return assertNever(event);
    }
  }

  /** The last event: what each node cost, and the objects that structured nodes gave. */
  encodeSummary({ seq, finishReason: finish_reason, usage }: RunFinished): string {
    const nodes = new Map(
      [...this.#endings].map(([node, ending]) => [node, { ...ending, output: this.#shownOutput(node) }]),
    );
    return stringify({ type: 'run-finished', seq, finish_reason, usage, nodes }, SUMMARY_BYTES);
  }

  #finished({ node, elapsedMs, usage, output, visible }: NodeFinished): void {
    this.#endings.set(node, { elapsed_ms: Math.round(elapsedMs), ...(usage !== undefined && { usage }) });
    if (visible && typeof output === 'object' && output !== null) this.#outputs.set(node, output);
  }

  /** What a node gave, if the client has read the same from it: everything else that nodes give stays inside. */
  #shownOutput(node: string): object | undefined {
    const output = this.#outputs.get(node);
    return output !== undefined && this.#said.isAll(node, output) ? output : undefined;
  }
}

/** The error is another step's, or the run's. */
const ABORTED = { code: 'aborted', message: 'The step was ended because its run has failed.' };

/** Servers of local models call a model by the path of its file; where that lies is nobody's business. */
function cutFolder(model: string): string {
  return /^(?:[./~]|[A-Za-z]:\\)/.test(model) ? model.replace(/^.*[/\\](?=[^])/, '') : model;
}

/** What is undefined is left out. */
function stringify(event: object, limit = EVENT_BYTES): string {
  return writeBoundedJson(event, limit) ?? '{}';
}
