import { WaitExpiredError } from '../errors/index.js';
import { isError, rejectOnAbort, toJsonValue } from '../kernel/index.js';
import { StructuredOutputError } from '../schema/index.js';
import { type InterruptStep, MOST_CONTENT_BYTES, type Values } from '../workflow/index.js';
import type { OpenWait } from './run-event.js';
import type { SharedRun } from './shared-run.js';

/** The outcome of a wait: its value, or that it is still open. */
type WaitResult = { readonly value: unknown } | { readonly open: OpenWait };

/**
 * Finds the answer to a wait.
 * @param node key of its step, preceded by those of the enclosing steps
 * @throws WaitExpiredError if there was no answer in time and the workflow has no value for that; Error if the answer
 * does not fit
 */
export async function askForAnswer(
  step: InterruptStep,
  node: string,
  values: Values,
  run: SharedRun,
): Promise<WaitResult> {
  const { checkpoints, cancellation } = run;
  const answer = checkpoints?.findAnswer(node);
  if (answer === undefined) {
    const open = checkpoints?.findWait(node) ?? openWait(step, node, values, run);
    const given = run.answer && (await rejectOnAbort(Promise.resolve(run.answer(open)), cancellation));
    if (given === undefined) return { open };
    return continueWith(step, await readAnswer(step, given), run);
  }
  if (!('isExpired' in answer)) return continueWith(step, await readAnswer(step, answer.value), run);
  if (step.onTimeout === undefined) throw new WaitExpiredError(step.name);
  return continueWith(step, step.onTimeout(), run);
}

function continueWith({ name }: InterruptStep, value: unknown, { checkpoints, emit }: SharedRun): WaitResult {
  if (checkpoints?.hasContinued(name) !== true) emit({ type: 'run-continued', name });
  return { value };
}

/** Doors have checked the answer before, but the rules may have changed since. */
async function readAnswer({ name, answer }: InterruptStep, value: unknown): Promise<unknown> {
  try {
    return await answer.parse(JSON.stringify(value));
  } catch (error) {
    if (!isError(error) || !(error instanceof StructuredOutputError)) throw error;
    throw new Error(`The answer to "${name}" does not fit: ${error.faults.join('; ')}`, { cause: error });
  }
}

function openWait(step: InterruptStep, node: string, values: Values, { clock, makeCallId }: SharedRun): OpenWait {
  const askedAt = clock.now();
  return {
    name: step.name,
    node,
    callId: makeCallId(),
    shown: toJsonValue(step.buildShown(values), MOST_CONTENT_BYTES) ?? {},
    schema: toJsonValue(step.answer.schema, MOST_CONTENT_BYTES) ?? {},
    askedAt,
    expiresAt: step.timeoutMs === undefined ? null : askedAt + step.timeoutMs,
  };
}
