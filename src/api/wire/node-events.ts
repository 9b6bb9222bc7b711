import type { NodeFinished, RunEvent, RunFinished } from '../../engine/index.js';
import { assertNever, writeBoundedJson } from '../../kernel/index.js';
import type { Usage } from '../../models/index.js';
import { SaidContent } from './said-content.js';

/** Request header by which a client asks for node events: `millrace-events: true`. */
export const NODE_EVENTS_HEADER = 'millrace-events';

/** The most bytes of one event, roughly: longer parts of it are cut, with a note that says so. */
const EVENT_BYTES = 64 * 1024;
/** The same for the summary at the end, which lists every node. */
const SUMMARY_BYTES = 4 * EVENT_BYTES;

/** How one node ended, for the summary at the end. */
interface NodeEnding {
  readonly elapsed_ms: number;
  readonly usage?: Usage;
}

/**
 * Turns run events into node events: what clients may see of them, as JSON, for the `millrace` object of a chunk with
 * an empty delta. Keeps what the summary at the end needs. What it holds and returns is bounded in bytes, and it never
 * throws.
 */
export class NodeEvents {
  readonly #endings = new Map<string, NodeEnding>();
  /** Outputs of visible nodes that are objects, by node: shown once the client has read them as text. */
  readonly #outputs = new Map<string, object>();
  readonly #said = new SaidContent(EVENT_BYTES / 2);
  /** Key of the node whose text came last. */
  #speaker: string | undefined;

  /** @returns undefined for events that clients do not get */
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
        this.#keepEnding(event);
        return stringify({ type, seq, node, ...this.#endings.get(node), output: this.#findShownOutput(node) });
      }
      case 'node-failed': {
        const { type, seq, node, error, recovered, aborted } = event;
        const elapsed_ms = Math.round(event.elapsedMs);
        this.#endings.set(node, { elapsed_ms });
        const { code, message } = aborted ? ABORTED : error;
        return stringify({ type, seq, node, elapsed_ms, code, message, recovered });
      }
      case 'node-restarted':
        this.#said.restart(event.node);
        this.#speaker = undefined;
        return undefined;
      case 'run-waiting': {
        const { type, seq, waits } = event;
        return stringify({ type, seq, waits: waits.map(({ name, node }) => ({ name, node })) });
      }
      case 'run-continued': {
        const { type, seq, name } = event;
        return stringify({ type, seq, name });
      }
      case 'run-retrying': {
        const { type, seq, node, error, retryAt } = event;
        const { code, message } = error;
        return stringify({ type, seq, node, code, message, retry_at: Math.floor(retryAt / 1_000) });
      }
      case 'run-started':
      case 'run-resumed':
      case 'run-finished':
      case 'run-failed':
        return undefined;
      default:
        return assertNever(event);
    }
  }

  /** Encodes the last event: the usage of each node, and the outputs of structured nodes. */
  encodeSummary({ seq, finishReason: finish_reason, usage, isUsageIncomplete }: RunFinished): string {
    const nodes = new Map(
      [...this.#endings].map(([node, ending]) => [node, { ...ending, output: this.#findShownOutput(node) }]),
    );
    const summary = { type: 'run-finished', seq, finish_reason, usage, usage_incomplete: isUsageIncomplete, nodes };
    return stringify(summary, SUMMARY_BYTES);
  }

  #keepEnding({ node, elapsedMs, usage, output, visible }: NodeFinished): void {
    this.#endings.set(node, { elapsed_ms: Math.round(elapsedMs), ...(usage !== undefined && { usage }) });
    if (visible && typeof output === 'object' && output !== null) this.#outputs.set(node, output);
  }

  /** Finds the output of a node if the client has read the same as text. Other outputs are not shown. */
  #findShownOutput(node: string): object | undefined {
    const output = this.#outputs.get(node);
    return output !== undefined && this.#said.isAll(node, output) ? output : undefined;
  }
}

/** Shown for a step that was aborted because another step, or the run, has failed. */
const ABORTED = { code: 'aborted', message: 'The step was ended because its run has failed.' };

/** Keeps only the name of a file: servers of local models name a model by its path, which clients must not see. */
export function cutFolder(model: string): string {
  return /^(?:[./~]|[A-Za-z]:\\)/.test(model) ? model.replace(/^.*[/\\](?=[^])/, '') : model;
}

/** Writes an event as JSON; undefined properties are left out. */
function stringify(event: object, limit = EVENT_BYTES): string {
  return writeBoundedJson(event, limit) ?? '{}';
}
