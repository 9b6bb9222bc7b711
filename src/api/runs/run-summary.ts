import { assertNever, type JsonValue } from '../../kernel/index.js';
import type { FinishReason, Usage } from '../../models/index.js';
import { type LoggedEvent, SaidOutput } from '../../runs/index.js';
import { SaidContent } from '../wire/index.js';

/** Most characters of one shown output. */
const OUTPUT_LENGTH = 256 * 1024;

/** A step of a run, as clients see it. */
export interface StepObject {
  readonly node: string;
  readonly kind: string;
  readonly status: 'running' | 'completed' | 'failed';
  readonly attempt: number;
  readonly started_at: number;
  readonly elapsed_ms: number | null;
  readonly usage: Usage | null;
  readonly finish_reason: FinishReason | null;
  /** Present if clients have read the same. */
  readonly output?: JsonValue;
}

/** The steps and the output of a run, read from its log. */
export class RunSummary {
  readonly #steps = new Map<string, StepObject>();
  readonly #said = new SaidContent(OUTPUT_LENGTH);
  readonly #output = new SaidOutput(Number.POSITIVE_INFINITY);

  get steps(): readonly StepObject[] {
    return [...this.#steps.values()];
  }

  /** The output that clients may read as text. */
  get output(): string {
    return this.#output.text ?? '';
  }

  /** Takes the next event of the log, from the first one on. */
  add(event: LoggedEvent): void {
    this.#output.add(event);
    switch (event.type) {
      case 'delta':
        if (event.delta.type === 'content') this.#said.add(event.node, event.delta.text);
        break;
      case 'node-restarted':
        this.#said.restart(event.node);
        break;
      case 'node-started':
        this.#steps.set(event.node, {
          node: event.node,
          kind: event.kind,
          status: 'running',
          attempt: (this.#steps.get(event.node)?.attempt ?? 0) + 1,
          started_at: Math.floor(event.at / 1_000),
          elapsed_ms: null,
          usage: null,
          finish_reason: null,
        });
        break;
      case 'node-finished': {
        const { node, elapsedMs, usage = null, finishReason: finish_reason = null } = event;
        const output = this.#said.findShown(event);
        const shown = output !== undefined && { output };
        this.#end(node, Math.round(elapsedMs), { status: 'completed', usage, finish_reason, ...shown });
        break;
      }
      case 'node-failed':
        this.#end(event.node, Math.round(event.elapsedMs), { status: 'failed' });
        break;
      case 'run-failed':
        // Steps whose process has ended never reported their own end.
        for (const { node, status, started_at } of this.#steps.values()) {
          if (status === 'running') this.#end(node, Math.max(0, event.at - started_at * 1_000), { status: 'failed' });
        }
        break;
      case 'run-started':
      case 'run-resumed':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
      case 'run-waiting':
      case 'run-continued':
      case 'run-retrying':
      case 'run-finished':
        break;
      default:
        assertNever(event);
    }
  }

  #end(node: string, elapsed_ms: number, how: Partial<StepObject>): void {
    const step = this.#steps.get(node);
    if (step !== undefined) this.#steps.set(node, { ...step, ...how, elapsed_ms });
  }
}
