/** @import { Reply, ChatRequest, Plan } from './types.js' */
/** @import { Api } from './api.js' */
import { ApiError, describeProblem } from './problem.js';
import { RunFold } from './run-events.js';
import { end, isOver, takeChunk, takeEvent } from './run-state.js';

/**
 * Sends a request and fills a reply with what comes. Never rejects: what goes wrong is in the reply.
 * @param {object} run
 * @param {Api} run.api
 * @param {ChatRequest} run.request
 * @param {Reply} run.reply
 * @param {Plan} run.plan
 * @param {AbortSignal} run.signal
 * @param {() => number} run.clock milliseconds since the request was sent
 * @param {() => void} run.onChange called when there is something new
 */
export async function runRequest({ api, request, reply, plan, signal, clock, onChange }) {
  try {
    const { headers, chunks } = await api.stream(request, signal);
    keepIds(reply, headers);
    for await (const chunk of chunks) {
      takeChunk(reply, chunk, plan, clock());
      onChange();
    }
    await findWaits(api, reply);
    end(reply, 'done', clock());
  } catch (error) {
    if (signal.aborted) end(reply, 'stopped', clock());
    else {
      if (error instanceof ApiError) {
        if (error.headers !== undefined) keepIds(reply, error.headers);
        for (const event of error.events) takeEvent(reply, event, plan, clock());
      }
      // The events of a run that failed before its reply began show what ran before.
      const hasBegun = error instanceof ApiError && error.status !== undefined && error.events.length === 0;
      if (hasBegun && reply.runId !== undefined)
        await followRun({ api, id: reply.runId, reply, plan, signal, onChange });
      reply.problem = describeProblem(error);
      end(reply, 'failed', clock());
    }
  }
  onChange();
}

/** @param {Reply} reply @param {Headers} headers */
function keepIds(reply, headers) {
  const [requestId, traceId] = [headers.get('x-request-id'), headers.get('x-trace-id')];
  const runId = headers.get('millrace-run-id');
  if (runId !== null) reply.runId = runId;
  if (requestId !== null) reply.requestId = requestId;
  if (traceId !== null) reply.traceId = traceId;
}

/** A workflow that waits says so by a function call. @param {Api} api @param {Reply} reply */
async function findWaits(api, reply) {
  if (reply.runId === undefined || reply.finishReason !== 'tool_calls') return;
  const { status, waits } = await api.readRun(reply.runId);
  if (status !== 'waiting') return;
  reply.state = 'asking';
  reply.waits = waits;
}

/** How often a lost connection is opened again, and the pause before that in milliseconds. */
const [MOST_TRIES, PAUSE] = [20, 1_000];

/**
 * Fills a reply with the stored events of a run from its beginning, and then with new ones, until the run ends or
 * waits. Never rejects: what goes wrong is in the reply.
 * @param {object} run
 * @param {Api} run.api
 * @param {string} run.id
 * @param {Reply} run.reply
 * @param {Plan} run.plan
 * @param {AbortSignal} run.signal
 * @param {() => void} run.onChange called when there is something new
 * @param {(at: number) => void} [run.onBegin] called with the time at which it began, in milliseconds since the Unix
 * epoch
 */
export async function followRun({ api, id, reply, plan, signal, onChange, onBegin }) {
  const fold = new RunFold(reply, plan);
  reply.runId = id;
  let last = -1;
  for (let tries = 0; !signal.aborted; tries++) {
    let isNew = false;
    try {
      for await (const event of api.streamRun(id, last, signal)) {
        tries = 0;
        isNew = true;
        last = event.n;
        if (fold.startedAt === undefined) onBegin?.(event.at);
        fold.take(event);
        onChange();
      }
      if (isOver(reply) && (reply.state !== 'asking' || !isNew)) return;
      // The server ends a stream at a wait, even if the run has continued since.
      if (reply.state === 'asking') continue;
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status !== undefined && error.status < 500;
      if (signal.aborted) return;
      if (isRefused || tries >= MOST_TRIES) {
        reply.problem = describeProblem(error);
        end(reply, 'failed', reply.lastTextMs ?? 0);
        onChange();
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
