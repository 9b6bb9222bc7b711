/** @import { Answer, Lane, Plan, RunDelta, RunEvent } from './types.js' */
import { addLane, end, findLane, ignoreUnknown, makeAnswer, makeLane, takeEvent } from './run-state.js';

/** Fills an answer with the events of a run, from its first one on. */
export class RunFold {
  /** Milliseconds since the Unix epoch. @type {number | undefined} */
  startedAt;

  /** @param {Answer} answer of which everything is forgotten @param {Plan} plan */
  constructor(answer, plan) {
    this.answer = answer;
    this.plan = plan;
    const { model, runId, completionId, requestId } = answer;
    for (const name of Object.keys(answer)) Reflect.deleteProperty(answer, name);
    Object.assign(answer, makeAnswer(model), { runId, completionId, requestId });
  }

  /** @param {RunEvent} event */
  take(event) {
    const { answer, plan } = this;
    this.startedAt ??= event.at;
    const now = event.at - this.startedAt;
    switch (event.type) {
      case 'run-started':
        answer.state = 'streaming';
        if (event.trace_id !== undefined) answer.traceId = event.trace_id;
        break;
      case 'run-resumed':
      case 'run-continued':
        answer.state = 'streaming';
        delete answer.waits;
        break;
      case 'node-restarted':
        this.#forget(event.node);
        break;
      case 'delta':
        this.#add(event.node, event.delta, now);
        break;
      case 'node-started': {
        const lane = findLane(answer, event.node);
        if (lane === undefined) takeEvent(answer, event, plan, now);
        else Object.assign(lane, { state: 'running', elapsedMs: undefined, problem: undefined });
        break;
      }
      case 'model-identified':
        takeEvent(answer, { ...event, model: event.model ?? undefined }, plan, now);
        break;
      case 'node-failed': {
        const { code, message } = event.error;
        takeEvent(answer, { ...event, code, message }, plan, now);
        break;
      }
      case 'run-waiting':
        answer.state = 'asking';
        answer.waits = event.waits;
        break;
      case 'run-finished':
        answer.finishReason = event.finish_reason;
        if (event.usage !== undefined) answer.usage = event.usage;
        end(answer, 'done', now);
        break;
      case 'run-failed':
        if (event.usage !== undefined) answer.usage = event.usage;
        if (event.error.code === 'cancelled') end(answer, 'stopped', now);
        else {
          answer.problem = { title: 'The run failed', text: event.error.message, code: event.error.code };
          end(answer, 'failed', now);
        }
        break;
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
        takeEvent(answer, event, plan, now);
        break;
      case 'run-retrying':
        // The steps that failed have shown why, and the run continues.
        break;
      default:
        ignoreUnknown(event);
    }
  }

  /** @param {string} node @param {RunDelta} delta @param {number} now */
  #add(node, { type, text = '', index, name, arguments: piece }, now) {
    const { answer } = this;
    const lane = this.#findSpeaker(node, now);
    answer.firstTextMs ??= now;
    answer.lastTextMs = now;
    switch (type) {
      case 'content':
        lane.content += text;
        answer.content += text;
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
    const lane = findLane(this.answer, node);
    if (lane?.visible) return lane;
    // No step is visible: the workflow's result is the output.
    const known = findLane(this.answer, '');
    if (known !== undefined) return known;
    const result = makeLane('', 'result', true, now);
    addLane(this.answer, result, this.plan);
    return result;
  }

  /** The output of a step is void: the step sends it again. @param {string} node */
  #forget(node) {
    const lane = findLane(this.answer, node);
    if (lane === undefined) return;
    Object.assign(lane, { content: '', reasoning: '', refusal: '', toolCalls: [] });
    this.answer.content = this.answer.lanes.map(({ visible, content }) => (visible ? content : '')).join('');
  }
}
