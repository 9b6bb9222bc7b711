import type { CallMeter, RunMeter } from '../metrics/index.js';
import type { AgentEvent } from '../workflow/index.js';

/** Measures what agents tell of one step: calls of models, retries and fallbacks. */
export class AgentMetrics {
  readonly #meter: RunMeter;
  readonly #calls = new Map<number, CallMeter>();

  constructor(meter: RunMeter) {
    this.#meter = meter;
  }

  take(event: AgentEvent): void {
    switch (event.type) {
      case 'model-call-started': {
        const { call, provider, model } = event;
        this.#calls.set(call, this.#meter.call({ provider, model }));
        break;
      }
      case 'model-call-first-token':
        this.#calls.get(event.call)?.firstToken();
        break;
      case 'model-call-retried':
        this.#calls.get(event.call)?.retrying();
        break;
      case 'model-call-finished': {
        const meter = this.#calls.get(event.call);
        this.#calls.delete(event.call);
        if (event.usage !== undefined) meter?.usage(event.usage);
        meter?.ended(event.outcome);
        break;
      }
      case 'agent-retried':
        this.#meter.askedAgain(event);
        break;
      case 'model-fallback':
        this.#meter.gaveUp(event.from);
        break;
      default:
    }
  }
}
