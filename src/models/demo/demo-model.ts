import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AbortNotice, type Clock, isPresent, sleep } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import { estimatePromptTokens } from '../token-estimate.js';
import type { CallControls, ChatModel, ModelCall, ModelParameters, ModelResult } from '../chat-model.js';
import { planOutput } from './output-plan.js';
import { composeOutput } from './compose-output.js';
import { makeRefusalError } from './refusal.js';

/** The demo's name, sent as `model` and `system_fingerprint` of every completion. */
const DEMO_MODEL_NAME = 'millrace-demo';

/** At full speed, other requests run after this many deltas. */
const BATCH_SIZE = 16;
/** A delay above this comes from a slow reader and not from a late timer. */
const LATENESS_MS = 50;

/**
 * Stands in for a model, so that everything around one can be tried offline, without a key and at no cost.
 *
 * It is not a language model, and says so in its text, its model name and its system fingerprint. A few rules make its output
 * from the newest message. On the wire it behaves like a model: small deltas at a human pace, estimated token counts, limits,
 * JSON and tool arguments that fit their schemas, and abort at any moment.
 */
export class DemoModel implements ChatModel {
  /** @param tokensPerSecond speed of the output; 0: as fast as it is read */
  constructor(
    private readonly tokensPerSecond: number,
    private readonly clock: Clock,
  ) {}

  /** @throws UpstreamError (400) if no value fits a JSON schema of the request, or the request asks for more than text */
  async *stream(call: ModelCall, controls: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { messages, parameters } = call;
    assertTextWanted(parameters);
    // Gives way to the event loop, so that many requests at once do not block it.
    await nextTurn();
    controls.signal.throwIfAborted();
    const promptTokens = estimatePromptTokens(call);
    const { deltas, finishReason } = planOutput(composeOutput(messages, parameters), parameters);
    controls.noteIdentity({ model: DEMO_MODEL_NAME, systemFingerprint: DEMO_MODEL_NAME });
    let completionTokens = 0;
    try {
      for await (const batch of this.#pace(deltas, controls.signal)) {
        completionTokens += batch.length;
        yield batch;
      }
      return { finishReason };
    } finally {
      const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens };
      controls.noteUsage({ ...usage, total_tokens: promptTokens + completionTokens });
    }
  }

  /**
   * Yields one delta at a time at a steady rate, without a burst after a slow read; at full speed, batches as fast as they
   * are read.
   */
  async *#pace(deltas: readonly Delta[], signal: AbortNotice): AsyncGenerator<readonly Delta[], void, void> {
    const size = this.tokensPerSecond > 0 ? 1 : BATCH_SIZE;
    let dueAt = this.clock.monotonic();
    for (let next = 0; next < deltas.length; next += size) {
      if (this.tokensPerSecond > 0) {
        const now = this.clock.monotonic();
        if (dueAt > now) await sleep(dueAt - now, this.clock, signal);
        else if (now - dueAt > LATENESS_MS) dueAt = now;
        // Counted from when it was due and not from when the timer fired: timers fire late, and the rate would drop.
        dueAt += 1000 / this.tokensPerSecond;
      } else await nextTurn();
      signal.throwIfAborted();
      yield deltas.slice(next, next + size);
    }
  }
}

function assertTextWanted({ modalities, audio }: ModelParameters): void {
  const param = Array.isArray(modalities) && modalities.some((kind) => kind !== 'text') ? 'modalities' : 'audio';
  if (param === 'audio' && !isPresent(audio)) return;
  throw makeRefusalError(`The demo answers with text only. Leave \`${param}\` out`, 'unsupported_value', param);
}
