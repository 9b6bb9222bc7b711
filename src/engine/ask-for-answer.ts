import { WaitExpiredError } from '../errors/index.js';
import { toJsonValue } from '../kernel/index.js';
import { type InterruptStep, MOST_CONTENT_BYTES, type Values } from '../workflow/index.js';
import type { OpenWait } from './run-event.js';
import type { SharedRun } from './shared-run.js';

/** What came of a wait: its value, or that it is open. */
export type WaitResult = { readonly value: unknown } | { readonly open: OpenWait };

/**
 * Looks for the answer to a wait.
 * @param node key of its step, preceded by those of the enclosing steps
 * @throws WaitExpiredError if nobody has answered in time, and the workflow has no value for that; StructuredOutputError if the
 *   answer does not fit the step any more
 */
export async function askForAnswer(
  step: InterruptStep,
  node: string,
  values: Values,
  run: SharedRun,
): Promise<WaitResult> {
  const { checkpoints } = run;
  const answer = checkpoints?.findAnswer(node);
  if (answer === undefined) return { open: checkpoints?.findWait(node) ?? openWait(step, node, values, run) };
  if ('isExpired' in answer && step.onTimeout === undefined) throw new WaitExpiredError(step.name);
  const value = 'isExpired' in answer ? step.onTimeout?.() : await step.answer.parse(JSON.stringify(answer.value));
  if (checkpoints?.hasContinued(step.name) !== true) run.emit({ type: 'run-continued', name: step.name });
  return { value };
}

function openWait(step: InterruptStep, node: string, values: Values, { clock, makeCallId }: SharedRun): OpenWait {
  const askedAt = clock.now();
  return {
    name: step.name,
    node,
    callId: makeCallId(),
    shown: toJsonValue(step.shown(values), MOST_CONTENT_BYTES) ?? {},
    schema: toJsonValue(step.answer.schema, MOST_CONTENT_BYTES) ?? {},
    askedAt,
    expiresAt: step.timeoutMs === undefined ? null : askedAt + step.timeoutMs,
  };
}
