/** @import { Reply, Lane, Plan, RunDelta, RunEvent } from './types.js' */
import { addLane, end, findLane, ignoreUnknown, makeReply, makeLane, takeEvent } from './run-state.js';

/** Fills a reply with the events of a run, from its first one on. */
export class RunFold {
  /** Milliseconds since the Unix epoch. @type {number | undefined} */
  startedAt;

  /** @param {Reply} reply of which everything is forgotten @param {Plan} plan */
  constructor(reply, plan) {
    this.reply = reply;
    this.plan = plan;
    const { model, runId, completionId, requestId } = reply;
    for (const name of Object.keys(reply)) Reflect.deleteProperty(reply, name);
    Object.assign(reply, makeReply(model), { runId, completionId, requestId });
  }

  /** @param {RunEvent} event */
  take(event) {
    const { reply, plan } = this;
    this.startedAt ??= event.at;
    const now = event.at - this.startedAt;
    switch (event.type) {
      case 'run-started':
        reply.state = 'streaming';
        if (event.trace_id !== undefined) reply.traceId = event.trace_id;
        break;
      case 'run-resumed':
      case 'run-continued':
        reply.state = 'streaming';
        delete reply.waits;
        break;
      case 'node-restarted':
        this.#forget(event.node);
        break;
      case 'delta':
        this.#add(event.node, event.delta, now);
        break;
      case 'node-started': {
        const lane = findLane(reply, event.node);
        if (lane === undefined) takeEvent(reply, event, plan, now);
        else Object.assign(lane, { state: 'running', elapsedMs: undefined, problem: undefined });
        break;
      }
      case 'model-identified':
        takeEvent(reply, { ...event, model: event.model ?? undefined }, plan, now);
        break;
      case 'node-failed': {
        const { code, message } = event.error;
        takeEvent(reply, { ...event, code, message }, plan, now);
        break;
      }
      case 'run-waiting':
        reply.state = 'asking';
        reply.waits = event.waits;
        break;
      case 'run-finished':
        reply.finishReason = event.finish_reason;
        if (event.usage !== undefined) reply.usage = event.usage;
        end(reply, 'done', now);
        break;
      case 'run-failed':
        if (event.usage !== undefined) reply.usage = event.usage;
        if (event.error.code === 'cancelled') end(reply, 'stopped', now);
        else {
          reply.problem = { title: 'The run failed', text: event.error.message, code: event.error.code };
          end(reply, 'failed', now);
        }
        break;
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
        takeEvent(reply, event, plan, now);
        break;
      case 'run-retrying':
        // The failed steps show the reason, and the run continues.
        break;
      default:
        ignoreUnknown(event);
    }
  }

  /** @param {string} node @param {RunDelta} delta @param {number} now */
  #add(node, { type, text = '', index, name, arguments: piece }, now) {
    const { reply } = this;
    const lane = this.#findSpeaker(node, now);
    reply.firstTextMs ??= now;
    reply.lastTextMs = now;
    switch (type) {
      case 'content':
        lane.content += text;
        reply.content += text;
        break;
      case 'reasoning':
        lane.reasoning += text;
        break;
      case 'refusal':
        lane.refusal += text;
        break;
      case 'tool-call': {
        if (index === undefined) break;
        const call = (lane.toolCalls[index] ??= { name: '', arguments: '' });
        call.name += name ?? '';
        call.arguments += piece ?? '';
        break;
      }
      case 'annotations':
      case 'images':
      case 'mcp':
      case 'audio':
        break;
      default:
        ignoreUnknown(type);
    }
  }

  /** @param {string} node @param {number} now @returns {Lane} */
  #findSpeaker(node, now) {
    const lane = findLane(this.reply, node);
    if (lane?.visible) return lane;
    // No step is visible: the workflow's result is the output.
    const known = findLane(this.reply, '');
    if (known !== undefined) return known;
    const result = makeLane('', 'result', true, now);
    addLane(this.reply, result, this.plan);
    return result;
  }

  /** The output of a step is void: the step sends it again. @param {string} node */
  #forget(node) {
    const lane = findLane(this.reply, node);
    if (lane === undefined) return;
    Object.assign(lane, { content: '', reasoning: '', refusal: '', toolCalls: [] });
    this.reply.content = this.reply.lanes.map(({ visible, content }) => (visible ? content : '')).join('');
  }
}
