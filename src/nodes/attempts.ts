import { toMillraceError, UpstreamError } from '../errors/index.js';
import { sleep } from '../kernel/index.js';
import type { ModelName } from '../models/index.js';
import { StructuredOutputError } from '../schema/index.js';
import { describeFailure, IncompleteOutputError, type TaskContext } from '../workflow/index.js';
import type { ModelTarget } from './model-target.js';
import { isFaultOfRequest } from './refused-request.js';
import type { TryCounter } from './open-call.js';

/** Pause before the first retry, in milliseconds, if the upstream names none; doubled for each further one. */
const FIRST_DELAY_MS = 250;
/** Longest pause, in milliseconds. An upstream that asks for more patience is not asked again. */
const LONGEST_DELAY_MS = 8_000;

/** Which model an agent asks, and whom it asks after a failure. One run of one agent. */
export class Attempts implements TryCounter {
  readonly #targets: readonly [ModelTarget, ...ModelTarget[]];
  readonly #retries: number;
  readonly #context: TaskContext;
  #current = 0;
  #failures = 0;
  #failureBefore: unknown;
  #tries = 0;

  /** @param retries how often each model is asked again for one answer */
  constructor(targets: readonly [ModelTarget, ...ModelTarget[]], retries: number, context: TaskContext) {
    this.#targets = targets;
    this.#retries = retries;
    this.#context = context;
  }

  /** The model to ask now. A fallback stays in force until the agent is done: the one before it is known to fail. */
  get target(): ModelTarget {
    return this.#targets[this.#current] ?? this.#targets[0];
  }

  countTry(): number {
    return ++this.#tries;
  }

  /** An answer could be used: the next one has all its retries again. */
  accept(): void {
    this.#failures = 0;
    this.#tries = 0;
  }

  /** The model is asked to put right what it answered. */
  tellRepair(fault: StructuredOutputError): void {
    const { events, trace } = this.#context;
    events.emit({ type: 'repair', ...trace.place, faults: fault.faults });
    this.#log('asks a model to repair its answer', fault);
  }

  /**
   * Resolves when the call may be made once more, to the model that {@link target} then is.
   * @throws what was thrown if nothing can heal it, or everything has been tried
   */
  async recover(thrown: unknown): Promise<void> {
    const { signal, clock, trace, events } = this.#context;
    if (signal.aborted) throw thrown;
    const delayMs = this.#retryDelay(thrown);
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
    if (next === undefined || !canAnotherModelHeal(thrown)) throw this.#worthTelling(thrown);
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

  /** Milliseconds, or undefined if the same model should not be asked again. */
  #retryDelay(thrown: unknown): number | undefined {
    if (this.#failures >= this.#retries) return undefined;
    if (thrown instanceof StructuredOutputError) return 0;
    if (!(thrown instanceof UpstreamError) || !thrown.retryable || isFaultOfRequest(thrown)) return undefined;
    const delayMs = thrown.retryAfterMs ?? Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS);
    return delayMs <= LONGEST_DELAY_MS && this.#context.canWait(delayMs) ? delayMs : undefined;
  }

  /** A request that only the fallback does not accept is not the client's fault: the model that it was meant for failed. */
  #worthTelling(thrown: unknown): unknown {
    const isFallbacksOwn = thrown instanceof UpstreamError && isFaultOfRequest(thrown);
    return isFallbacksOwn && this.#failureBefore !== undefined ? this.#failureBefore : thrown;
  }
}

/** Also what retries cannot heal: wrong credentials, a model that does not exist, a quota that is used up. */
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
