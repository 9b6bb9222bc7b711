import type { Clock } from '../kernel/index.js';
import type { ModelName } from '../models/index.js';
import { CallMeter } from './call-meter.js';
import type { Instruments } from './instruments.js';

/** Measures the model calls of one run. */
export class RunMeter {
  constructor(
    private readonly instruments: Instruments,
    private readonly clock: Clock,
    private readonly workflow: string,
  ) {}

  /** An agent begins to ask a model. */
  call(name: ModelName): CallMeter {
    return new CallMeter(this.instruments, this.clock, this.workflow, name);
  }

  /** An agent asks the same model again with a new call. */
  askedAgain({ provider, model }: ModelName): void {
    this.instruments.retries.inc({ provider, model, by: 'agent' });
  }

  /** An agent gives a model up and asks its next one. */
  gaveUp({ provider, model }: ModelName): void {
    this.instruments.fallbacks.inc({ provider, model });
  }
}
