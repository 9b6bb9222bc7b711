/** @import { Reply, Chunk, Lane, NodeEvent, Plan } from './types.js' */

/** @param {string} model @returns {Reply} */
export function makeReply(model) {
  return { model, state: 'waiting', lanes: [], content: '', routes: {} };
}

/**
 * Adds a chunk to a reply.
 * @param {Reply} reply
 * @param {Chunk} chunk
 * @param {Plan} plan
 * @param {number} now milliseconds since the request was sent
 */
export function takeChunk(reply, chunk, plan, now) {
  reply.state = 'streaming';
  if (chunk.id !== undefined) reply.completionId = chunk.id;
  if (chunk.system_fingerprint) reply.fingerprint = chunk.system_fingerprint;
  if (chunk.usage) reply.usage = chunk.usage;
  if (chunk.millrace !== undefined) takeEvent(reply, chunk.millrace, plan, now);
  const [choice] = chunk.choices;
  if (choice === undefined) return;
  if (choice.finish_reason !== null) reply.finishReason = choice.finish_reason;
  const { content, reasoning_content: reasoning, refusal, tool_calls: calls } = choice.delta;
  if (!content && !reasoning && !refusal && !calls) return;
  reply.firstTextMs ??= now;
  reply.lastTextMs = now;
  reply.content += content ?? '';
  const lane = findSpeaker(reply, plan, now);
  lane.content += content ?? '';
  lane.reasoning += reasoning ?? '';
  lane.refusal += refusal ?? '';
  for (const { index, function: called, custom } of calls ?? []) {
    const call = (lane.toolCalls[index] ??= { name: '', arguments: '' });
    call.name += called?.name ?? custom?.name ?? '';
    call.arguments += called?.arguments ?? custom?.input ?? '';
  }
}

/** True if nothing more comes. @param {Reply} reply */
export function isOver({ state }) {
  return state !== 'waiting' && state !== 'streaming';
}

/**
 * Ends a reply and its lanes. A reply that is over stays as it is.
 * @param {Reply} reply
 * @param {'done' | 'failed' | 'stopped'} state
 * @param {number} now milliseconds since the request was sent
 */
export function end(reply, state, now) {
  if (isOver(reply)) return;
  reply.state = state;
  reply.totalMs = now;
  for (const lane of reply.lanes) {
    if (lane.state !== 'running') continue;
    // The workflow's own result has no event that ends it.
    lane.state = state === 'done' ? 'done' : 'stopped';
    lane.elapsedMs = now - lane.startedMs;
  }
}

/**
 * Computes the tokens per second of the visible steps, from the first text to the last; undefined if too little is
 * known.
 * @param {Reply} reply
 * @returns {number | undefined}
 */
export function computeSpeed({ lanes, usage, firstTextMs, lastTextMs }) {
  const shown = lanes.filter(({ visible, usage: own }) => visible && own !== undefined);
  const tokens = shown.reduce((sum, lane) => sum + (lane.usage?.completion_tokens ?? 0), 0) || usage?.completion_tokens;
  const seconds = firstTextMs === undefined || lastTextMs === undefined ? 0 : (lastTextMs - firstTextMs) / 1000;
  return tokens === undefined || tokens < 2 || seconds < 0.005 ? undefined : (tokens - 1) / seconds;
}

/**
 * Adds an event of the workflow to a reply.
 * @param {Reply} reply @param {NodeEvent} event @param {Plan} plan @param {number} now as above
 */
export function takeEvent(reply, event, plan, now) {
  switch (event.type) {
    case 'node-started':
      addLane(reply, makeLane(event.node, event.kind, event.visible, now), plan);
      break;
    case 'node-progress':
      findLane(reply, event.node)?.progress.push(event.message);
      break;
    case 'route-taken':
      reply.routes[event.node] = event.branch;
      break;
    case 'node-speaks':
      reply.speaker = event.node;
      break;
    case 'model-identified':
      if (event.system_fingerprint !== undefined) reply.fingerprint ??= event.system_fingerprint;
      if (event.model !== undefined) reply.models = [...new Set([...(reply.models ?? []), event.model])];
      break;
    case 'node-finished':
    case 'node-failed': {
      const lane = findLane(reply, event.node);
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
 * Ignores events that only a newer server sends. The page must handle all kinds that it knows before this call, which
 * does not compile otherwise.
 * @param {never} _unknown
 */
export function ignoreUnknown(_unknown) {}

/**
 * Finds the lane that the text belongs to: that of the step which the server has named, or else of the first step that
 * still runs, because steps write one after the other in declared order.
 * @param {Reply} reply @param {Plan} plan @param {number} now
 * @returns {Lane}
 */
function findSpeaker(reply, plan, now) {
  const speakers = reply.lanes.filter(({ visible, kind }) => visible && kind !== 'workflow');
  const named = speakers.find(({ path }) => path === reply.speaker);
  const speaker = named ?? speakers.find(({ state }) => state === 'running') ?? speakers.at(-1);
  if (speaker !== undefined) return speaker;
  // No step is visible: the workflow's result is the output.
  const result = makeLane('', 'result', true, now);
  addLane(reply, result, plan);
  return result;
}

/** @param {Reply} reply @param {string} path */
export function findLane({ lanes }, path) {
  return lanes.find((lane) => lane.path === path);
}

/** Lanes stand in declared order. @param {Reply} reply @param {Lane} lane @param {Plan} plan */
export function addLane({ lanes }, lane, { steps }) {
  /** @param {Lane} each */
  const place = (each) => {
    const index = steps.findIndex(({ path }) => path === each.path);
    return index < 0 ? steps.length : index;
  };
  const before = lanes.findIndex((each) => place(each) > place(lane));
  lanes.splice(before < 0 ? lanes.length : before, 0, lane);
}

/**
 * @param {string} path
 * @param {Lane['kind']} kind
 * @param {boolean} visible
 * @param {number} startedMs
 * @returns {Lane}
 */
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
