import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AbortNotice, type Clock, sleep } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import { estimatePromptTokens } from '../token-estimate.js';
import type { CallControls, ChatModel, ModelCall, ModelParameters, ModelResult } from '../chat-model.js';
import { planAnswer } from './answer-plan.js';
import { composeAnswer } from './answer.js';
import { makeRefusalError } from './refusal.js';

/** What the demo calls itself, as `model` and as `system_fingerprint` of every answer. */
const DEMO_MODEL_NAME = 'millrace-demo';

/** At full speed, other requests get their turn after so many deltas. */
const BATCH_SIZE = 16;
/** Who is later than this has not been kept by a timer, but by the reader. */
const LATENESS_MS = 50;

/**
 * Answers in place of a model, so that everything around one can be tried offline, without a key, at no cost.
 *
 * It is no language model, and says so in its words, as its model name and in the system fingerprint. Its answer follows
 * from the newest message by a few rules. On the wire it behaves like a model: small deltas at a human pace, token counts
 * (estimated), limits, JSON and arguments of tools that fit their schemas, and abort at any moment.
 */
export class DemoModel implements ChatModel {
  /** @param tokensPerSecond speed of the answers; 0: as fast as they are read */
  constructor(
    private readonly tokensPerSecond: number,
    private readonly clock: Clock,
  ) {}

  /** @throws UpstreamError (400) if no value fits a JSON schema of the request, or the answer is to be more than text */
  async *stream(call: ModelCall, scope: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { messages, parameters } = call;
    assertTextWanted(parameters);
    // Answers that many ask for at once are made one in each turn.
    await nextTurn();
    scope.signal.throwIfAborted();
    const promptTokens = estimatePromptTokens(call);
    const { deltas, finishReason } = planAnswer(composeAnswer(messages, parameters), parameters);
    scope.identity({ model: DEMO_MODEL_NAME, systemFingerprint: DEMO_MODEL_NAME });
    let completionTokens = 0;
    try {
      for await (const batch of this.#paced(deltas, scope.signal)) {
        completionTokens += batch.length;
        yield batch;
      }
      return { finishReason };
    } finally {
      const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens };
      scope.usage({ ...usage, total_tokens: promptTokens + completionTokens });
    }
  }

  /** One delta at a time at a steady rate; a reader that was slow gets no burst afterwards. Or all as fast as they are read. */
  async *#paced(deltas: readonly Delta[], signal: AbortNotice): AsyncGenerator<readonly Delta[], void, void> {
    const size = this.tokensPerSecond > 0 ? 1 : BATCH_SIZE;
    let dueAt = this.clock.monotonic();
    for (let next = 0; next < deltas.length; next += size) {
      if (this.tokensPerSecond > 0) {
        const now = this.clock.monotonic();
        if (dueAt > now) await sleep(dueAt - now, this.clock, signal);
        else if (now - dueAt > LATENESS_MS) dueAt = now;
        // From when it was due, not from when the timer fired: timers are late, and the rate would suffer.
        dueAt += 1000 / this.tokensPerSecond;
      } else await nextTurn();
      signal.throwIfAborted();
      yield deltas.slice(next, next + size);
    }
  }
}

function assertTextWanted({ modalities, audio }: ModelParameters): void {
  const param = Array.isArray(modalities) && modalities.some((kind) => kind !== 'text') ? 'modalities' : 'audio';
  if (param === 'audio' && (audio === undefined || audio === null)) return;
  throw makeRefusalError(`The demo answers with text only. Leave \`${param}\` out`, 'unsupported_value', param);
}
