import type { Usage } from '../protocol/index.js';
import type { NodeFinished, RunEvent, RunFinished } from '../workflow/index.js';

/** Request header by which a client asks for node events: `millrace-events: true`. */
export const NODE_EVENTS_HEADER = 'millrace-events';

/** What a client is told about a run beside its text: the `millrace` object of a chunk whose delta is empty. */
export type NodeEvent = Readonly<Record<string, unknown>> & { readonly type: string; readonly seq: number };

/** What became of one node, for the summary at the end. */
interface NodeSummary {
  readonly elapsed_ms: number;
  readonly usage?: Usage;
  /** The object that a structured node gave, if the client heard that node. */
  readonly output?: object;
}

/** Turns run events into what clients may see of them, and keeps what the summary at the end is made of. */
export class NodeEvents {
  readonly #nodes: Record<string, NodeSummary> = {};
  /** Key of the node whose text came last. */
  #speaker: string | undefined;

  /** @returns undefined for events that are no news beside the text */
  of(event: RunEvent): NodeEvent | undefined {
    switch (event.type) {
      case 'node-started':
        return { type: event.type, seq: event.seq, node: event.node, kind: event.kind, visible: event.visible };
      case 'node-progress':
        return {
          type: event.type,
          seq: event.seq,
          node: event.node,
          message: event.message,
          ...(event.data !== undefined && { data: event.data }),
        };
      case 'route-taken':
        return { type: event.type, seq: event.seq, node: event.node, branch: event.branch };
      case 'model-identified': {
        const { systemFingerprint, serviceTier } = event.identity;
        return {
          type: event.type,
          seq: event.seq,
          node: event.node,
          ...(systemFingerprint !== undefined && { system_fingerprint: systemFingerprint }),
          ...(serviceTier !== undefined && { service_tier: serviceTier }),
        };
      }
      case 'delta':
        if (event.node === this.#speaker) return undefined;
        this.#speaker = event.node;
        return { type: 'node-speaks', seq: event.seq, node: event.node };
      case 'node-finished': {
        const summary = summaryOf(event);
        this.#nodes[event.node] = summary;
        return { type: event.type, seq: event.seq, node: event.node, ...summary };
      }
      case 'node-failed': {
        const elapsed_ms = Math.round(event.elapsedMs);
        this.#nodes[event.node] = { elapsed_ms };
        const { code, message } = event.error;
        return {
          type: event.type,
          seq: event.seq,
          node: event.node,
          elapsed_ms,
          code,
          message,
          recovered: event.recovered,
        };
      }
      default:
        return undefined;
    }
  }

  /** The last event: what each node cost, and the objects that structured nodes gave. */
  summary({ seq, finishReason, usage }: RunFinished): NodeEvent {
    return {
      type: 'run-finished',
      seq,
      finish_reason: finishReason,
      ...(usage !== undefined && { usage }),
      nodes: this.#nodes,
    };
  }
}

/** Outputs of nodes that the client does not hear stay inside, and text it has been sent already. */
function summaryOf({ elapsedMs, usage, output, visible }: NodeFinished): NodeSummary {
  return {
    elapsed_ms: Math.round(elapsedMs),
    ...(usage !== undefined && { usage }),
    ...(visible && typeof output === 'object' && output !== null && { output }),
  };
}
