/** @import { Answer, Chunk, Lane, NodeEvent, Plan } from './types.js' */

/** @param {string} model @returns {Answer} */
export function makeAnswer(model) {
  return { model, state: 'waiting', lanes: [], content: '', routes: {} };
}

/**
 * Adds a chunk to an answer.
 * @param {Answer} answer
 * @param {Chunk} chunk
 * @param {Plan} plan
 * @param {number} now milliseconds since the request was sent
 */
export function takeChunk(answer, chunk, plan, now) {
  answer.state = 'streaming';
  if (chunk.id !== undefined) answer.completionId = chunk.id;
  if (chunk.system_fingerprint) answer.fingerprint = chunk.system_fingerprint;
  if (chunk.usage) answer.usage = chunk.usage;
  if (chunk.millrace !== undefined) takeEvent(answer, chunk.millrace, plan, now);
  const [choice] = chunk.choices;
  if (choice === undefined) return;
  if (choice.finish_reason !== null) answer.finishReason = choice.finish_reason;
  const { content, reasoning_content: reasoning, refusal, tool_calls: calls } = choice.delta;
  if (!content && !reasoning && !refusal && !calls) return;
  answer.firstTextMs ??= now;
  answer.lastTextMs = now;
  answer.content += content ?? '';
  const lane = findSpeaker(answer, plan, now);
  lane.content += content ?? '';
  lane.reasoning += reasoning ?? '';
  lane.refusal += refusal ?? '';
  for (const { index, function: called, custom } of calls ?? []) {
    const call = (lane.toolCalls[index] ??= { name: '', arguments: '' });
    call.name += called?.name ?? custom?.name ?? '';
    call.arguments += called?.arguments ?? custom?.input ?? '';
  }
}

/** True if nothing more comes. @param {Answer} answer */
export function isOver({ state }) {
  return state !== 'waiting' && state !== 'streaming';
}

/**
 * Ends an answer and its lanes. An answer that is over stays as it is.
 * @param {Answer} answer
 * @param {'done' | 'failed' | 'stopped'} state
 * @param {number} now milliseconds since the request was sent
 */
export function end(answer, state, now) {
  if (isOver(answer)) return;
  answer.state = state;
  answer.totalMs = now;
  for (const lane of answer.lanes) {
    if (lane.state !== 'running') continue;
    // No event ends the workflow's own result.
    lane.state = state === 'done' ? 'done' : 'stopped';
    lane.elapsedMs = now - lane.startedMs;
  }
}

/**
 * Computes the tokens per second of the visible steps, from the first text to the last; undefined if too little is known.
 * @param {Answer} answer
 * @returns {number | undefined}
 */
export function computeSpeed({ lanes, usage, firstTextMs, lastTextMs }) {
  const shown = lanes.filter(({ visible, usage: own }) => visible && own !== undefined);
  const tokens = shown.reduce((sum, lane) => sum + (lane.usage?.completion_tokens ?? 0), 0) || usage?.completion_tokens;
  const seconds = firstTextMs === undefined || lastTextMs === undefined ? 0 : (lastTextMs - firstTextMs) / 1000;
  return tokens === undefined || tokens < 2 || seconds < 0.005 ? undefined : (tokens - 1) / seconds;
}

/**
 * Adds an event of the workflow to an answer.
 * @param {Answer} answer @param {NodeEvent} event @param {Plan} plan @param {number} now as above
 */
export function takeEvent(answer, event, plan, now) {
  switch (event.type) {
    case 'node-started':
      addLane(answer, makeLane(event.node, event.kind, event.visible, now), plan);
      break;
    case 'node-progress':
      findLane(answer, event.node)?.progress.push(event.message);
      break;
    case 'route-taken':
      answer.routes[event.node] = event.branch;
      break;
    case 'node-speaks':
      answer.speaker = event.node;
      break;
    case 'model-identified':
      if (event.system_fingerprint !== undefined) answer.fingerprint ??= event.system_fingerprint;
      if (event.model !== undefined) answer.models = [...new Set([...(answer.models ?? []), event.model])];
      break;
    case 'node-finished':
    case 'node-failed': {
      const lane = findLane(answer, event.node);
      if (lane === undefined) break;
      lane.elapsedMs = event.elapsed_ms;
      if (event.type === 'node-finished') {
        lane.state = 'done';
        if (event.usage !== undefined) lane.usage = event.usage;
      } else if (event.code === 'aborted') {
        lane.state = 'stopped';
      } else {
        lane.state = event.recovered ? 'recovered' : 'failed';
        lane.problem = event.message;
      }
      break;
    }
    case 'run-waiting':
    case 'run-continued':
    case 'run-retrying':
    case 'run-finished':
      break;
    default:
      ignoreUnknown(event);
  }
}

/**
 * Ignores what only a newer server sends. All kinds that this page knows must be handled before: this does not compile otherwise.
 * @param {never} _unknown
 */
export function ignoreUnknown(_unknown) {}

/**
 * Finds the lane that the text belongs to: that of the step which the server has named, or else of the first step that
 * still runs, because steps write one after the other in declared order.
 * @param {Answer} answer @param {Plan} plan @param {number} now
 * @returns {Lane}
 */
function findSpeaker(answer, plan, now) {
  const speakers = answer.lanes.filter(({ visible, kind }) => visible && kind !== 'workflow');
  const named = speakers.find(({ path }) => path === answer.speaker);
  const speaker = named ?? speakers.find(({ state }) => state === 'running') ?? speakers.at(-1);
  if (speaker !== undefined) return speaker;
  // No step is visible: the workflow's result is the output.
  const result = makeLane('', 'result', true, now);
  addLane(answer, result, plan);
  return result;
}

/** @param {Answer} answer @param {string} path */
export function findLane({ lanes }, path) {
  return lanes.find((lane) => lane.path === path);
}

/** Lanes stand in declared order. @param {Answer} answer @param {Lane} lane @param {Plan} plan */
export function addLane({ lanes }, lane, { steps }) {
  /** @param {Lane} each */
  const place = (each) => {
    const index = steps.findIndex(({ path }) => path === each.path);
    return index < 0 ? steps.length : index;
  };
  const before = lanes.findIndex((each) => place(each) > place(lane));
  lanes.splice(before < 0 ? lanes.length : before, 0, lane);
}

/** @param {string} path @param {Lane['kind']} kind @param {boolean} visible @param {number} startedMs @returns {Lane} */
export function makeLane(path, kind, visible, startedMs) {
  return {
    path,
    kind,
    visible,
    state: 'running',
    startedMs,
    progress: [],
    reasoning: '',
    content: '',
    refusal: '',
    toolCalls: [],
  };
}
