import type { AgentEvent, StepEvents } from '../workflow/index.js';
import type { SharedRun } from './shared-run.js';
import type { StepUsage } from './step-usage.js';

/** Sends a node's events to its usage and to the observers, and the identity of its model to the run's reader as well. */
export class NodeEventSender implements StepEvents {
  #last = 0;

  /** @param sources takes the texts that outputs were made of; undefined if outputs are not kept */
  constructor(
    private readonly run: SharedRun,
    private readonly node: string,
    private readonly usage: StepUsage,
    readonly wantsContent: boolean,
    private readonly sources: WeakMap<object, string> | undefined,
  ) {}

  takeNumber(): number {
    return ++this.#last;
  }

  emit(event: AgentEvent): void {
    this.usage.take(event);
    // Each event object was made for this call, so it can be changed in place.
    const placed = event as AgentEvent & { node: string };
    placed.node = this.node;
    if (placed.type === 'model-identified') this.run.emit(placed);
    else this.run.observe(placed);
  }

  noteSource(output: object, json: string): void {
    this.sources?.set(output, json);
  }
}
