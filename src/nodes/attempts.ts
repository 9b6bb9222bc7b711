import { toMillraceError, UpstreamError } from '../errors/index.js';
import { sleep } from '../kernel/index.js';
import type { ModelName } from '../models/index.js';
import { StructuredOutputError } from '../schema/index.js';
import { describeFailure, IncompleteOutputError, type TaskContext } from '../workflow/index.js';
import type { ModelTarget } from './model-target.js';
import { isFaultOfRequest } from './refused-request.js';
import type { TryCounter } from './open-call.js';

/** Pause before the first retry, in milliseconds, if the upstream names none; doubled for each further retry. */
const FIRST_DELAY_MS = 250;
/** Longest pause, in milliseconds. An upstream that asks for a longer one is not asked again. */
const LONGEST_DELAY_MS = 8_000;

/** Chooses which model one run of an agent asks, at first and after each failure. */
export class Attempts implements TryCounter {
  readonly #targets: readonly [ModelTarget, ...ModelTarget[]];
  readonly #retries: number;
  readonly #context: TaskContext;
  #current = 0;
  #failures = 0;
  #failureBefore: unknown;
  #tries = 0;

  /** @param retries how often each model is asked again for one output */
  constructor(targets: readonly [ModelTarget, ...ModelTarget[]], retries: number, context: TaskContext) {
    this.#targets = targets;
    this.#retries = retries;
    this.#context = context;
  }

  /**
   * The model to ask now. After a fallback the agent stays with the new model, because the one before it is known to fail.
   */
  get target(): ModelTarget {
    return this.#targets[this.#current] ?? this.#targets[0];
  }

  countTry(): number {
    return ++this.#tries;
  }

  /** Notes that an output could be used: the next one gets all retries again. */
  accept(): void {
    this.#failures = 0;
    this.#tries = 0;
  }

  /** Reports that the model is asked to correct its output. */
  tellRepair(fault: StructuredOutputError): void {
    const { events, trace } = this.#context;
    events.emit({ type: 'repair', ...trace.place, faults: fault.faults });
    this.#log('asks a model to repair its output', fault);
  }

  /**
   * Resolves when the call may be made again, to the model that is then the {@link target}.
   * @throws what was thrown, if another call cannot help or all models have been tried
   */
  async recover(thrown: unknown): Promise<void> {
    const { signal, clock, trace, events } = this.#context;
    if (signal.aborted) throw thrown;
    const delayMs = this.#findRetryDelay(thrown);
    if (delayMs !== undefined) {
      this.#failures++;
      events.emit({
        type: 'agent-retried',
        ...trace.place,
        ...readModelName(this.target),
        attempt: this.#failures,
        delayMs,
        reason: describeReason(thrown),
      });
      this.#log(`asks a model again in ${Math.round(delayMs)} ms`, thrown);
      if (delayMs > 0) await sleep(delayMs, clock, signal);
      return;
    }
    const next = this.#targets[this.#current + 1];
    if (next === undefined || !canAnotherModelHeal(thrown)) throw this.#chooseErrorToTell(thrown);
    const from = this.target;
    this.#log(`falls back to ${writeName(next)}`, thrown);
    this.#current++;
    this.#failures = 0;
    this.#tries = 0;
    this.#failureBefore = thrown;
    events.emit({
      type: 'model-fallback',
      ...trace.place,
      from: readModelName(from),
      to: readModelName(next),
      reason: describeReason(thrown),
    });
  }

  #log(what: string, thrown: unknown): void {
    const { log } = this.#context;
    const { words, facts } = describeFailure(toMillraceError(thrown));
    log.write('log', `${what}: ${words}`, { ...log.findFailedCall(thrown), ...facts });
  }

  /** Pause before the same model is asked again, in milliseconds; undefined if it should not be. */
  #findRetryDelay(thrown: unknown): number | undefined {
    if (this.#failures >= this.#retries) return undefined;
    if (thrown instanceof StructuredOutputError) return 0;
    if (!(thrown instanceof UpstreamError) || !thrown.retryable || isFaultOfRequest(thrown)) return undefined;
    const delayMs = thrown.retryAfterMs ?? Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    return delayMs <= LONGEST_DELAY_MS && this.#context.canWait(delayMs) ? delayMs : undefined;
  }

  /**
   * If only the fallback refused the request, the client is not to blame: then the failure of the model before it is thrown.
   */
  #chooseErrorToTell(thrown: unknown): unknown {
    const isFallbacksOwn = thrown instanceof UpstreamError && isFaultOfRequest(thrown);
    return isFallbacksOwn && this.#failureBefore !== undefined ? this.#failureBefore : thrown;
  }
}

/** True even for failures that no retry can heal: wrong credentials, an unknown model, a used-up quota. */
function canAnotherModelHeal(thrown: unknown): boolean {
  return thrown instanceof UpstreamError && !isFaultOfRequest(thrown) && !(thrown instanceof IncompleteOutputError);
}

function describeReason(thrown: unknown): string {
  if (!(thrown instanceof UpstreamError)) return '-';
  return thrown.diagnostic === undefined ? String(thrown.code) : `${thrown.code}: ${thrown.diagnostic}`;
}

function writeName({ providerName, model }: ModelTarget): string {
  return `${providerName}/${model}`;
}

function readModelName({ providerName: provider, model }: ModelTarget): ModelName {
  return { provider, model };
}
