/** @import { Answer, ChatRequest, Plan } from './types.js' */
/** @import { Api } from './api.js' */
import { ApiError, describeProblem } from './problem.js';
import { end, takeChunk, takeEvent } from './run-state.js';

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
    end(answer, 'done', clock());
  } catch (error) {
    if (signal.aborted) end(answer, 'stopped', clock());
    else {
      if (error instanceof ApiError) {
        if (error.headers !== undefined) keepIds(answer, error.headers);
        for (const event of error.events) takeEvent(answer, event, plan, clock());
      }
      answer.problem = describeProblem(error);
      end(answer, 'failed', clock());
    }
  }
  changed();
}

/** @param {Answer} answer @param {Headers} headers */
function keepIds(answer, headers) {
  const [requestId, traceId] = [headers.get('x-request-id'), headers.get('x-trace-id')];
  if (requestId !== null) answer.requestId = requestId;
  if (traceId !== null) answer.traceId = traceId;
}
