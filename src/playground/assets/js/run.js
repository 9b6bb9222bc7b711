/** @import { Answer, ChatRequest, Plan } from './types.js' */
/** @import { Api } from './api.js' */
import { ApiError, describeProblem } from './problem.js';
import { RunFold } from './run-events.js';
import { end, isOver, takeChunk, takeEvent } from './run-state.js';

/**
 * Sends a request and fills an answer with what comes. Never rejects: what goes wrong is in the answer.
 * @param {object} run
 * @param {Api} run.api
 * @param {ChatRequest} run.request
 * @param {Answer} run.answer
 * @param {Plan} run.plan
 * @param {AbortSignal} run.signal
 * @param {() => number} run.clock milliseconds since the request was sent
 * @param {() => void} run.changed called when there is something new
 */
export async function runRequest({ api, request, answer, plan, signal, clock, changed }) {
  try {
    const { headers, chunks } = await api.stream(request, signal);
    keepIds(answer, headers);
    for await (const chunk of chunks) {
      takeChunk(answer, chunk, plan, clock());
      changed();
    }
    await findWaits(api, answer);
    end(answer, 'done', clock());
  } catch (error) {
    if (signal.aborted) end(answer, 'stopped', clock());
    else {
      if (error instanceof ApiError) {
        if (error.headers !== undefined) keepIds(answer, error.headers);
        for (const event of error.events) takeEvent(answer, event, plan, clock());
      }
      // The events of a run that failed before its answer began show what ran before.
      const hasBegun = error instanceof ApiError && error.status !== undefined && error.events.length === 0;
      if (hasBegun && answer.runId !== undefined)
        await followRun({ api, id: answer.runId, answer, plan, signal, changed });
      answer.problem = describeProblem(error);
      end(answer, 'failed', clock());
    }
  }
  changed();
}

/** @param {Answer} answer @param {Headers} headers */
function keepIds(answer, headers) {
  const [requestId, traceId] = [headers.get('x-request-id'), headers.get('x-trace-id')];
  const runId = headers.get('millrace-run-id');
  if (runId !== null) answer.runId = runId;
  if (requestId !== null) answer.requestId = requestId;
  if (traceId !== null) answer.traceId = traceId;
}

/** A workflow that waits says so by a function call. @param {Api} api @param {Answer} answer */
async function findWaits(api, answer) {
  if (answer.runId === undefined || answer.finishReason !== 'tool_calls') return;
  const { status, waits } = await api.readRun(answer.runId);
  if (status !== 'waiting') return;
  answer.state = 'asking';
  answer.waits = waits;
}

/** How often a connection that broke is opened again, and the pause before that in milliseconds. */
const [MOST_TRIES, PAUSE] = [20, 1_000];

/**
 * Fills an answer with the stored events of a run from its beginning, and then with new ones, until the run ends or
 * waits. Never rejects: what goes wrong is in the answer.
 * @param {object} run
 * @param {Api} run.api
 * @param {string} run.id
 * @param {Answer} run.answer
 * @param {Plan} run.plan
 * @param {AbortSignal} run.signal
 * @param {() => void} run.changed called when there is something new
 * @param {(at: number) => void} [run.began] called with the time at which it began, in milliseconds since the Unix
 * epoch
 */
export async function followRun({ api, id, answer, plan, signal, changed, began }) {
  const fold = new RunFold(answer, plan);
  answer.runId = id;
  let last = -1;
  for (let tries = 0; !signal.aborted; tries++) {
    let isNew = false;
    try {
      for await (const event of api.streamRun(id, last, signal)) {
        tries = 0;
        isNew = true;
        last = event.n;
        if (fold.startedAt === undefined) began?.(event.at);
        fold.take(event);
        changed();
      }
      if (isOver(answer) && (answer.state !== 'asking' || !isNew)) return;
      // A stream ends where the run has waited, even if it has continued since.
      if (answer.state === 'asking') continue;
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status !== undefined && error.status < 500;
      if (signal.aborted) return;
      if (isRefused || tries >= MOST_TRIES) {
        answer.problem = describeProblem(error);
        end(answer, 'failed', answer.lastTextMs ?? 0);
        changed();
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
