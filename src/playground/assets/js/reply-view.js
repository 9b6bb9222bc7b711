/** @import { Reply, Lane, Plan, Problem } from './types.js' */
import { html, render } from '../vendor/preact-htm.js';
import { makeButton, el } from './dom.js';
import { LaneView } from './lane-view.js';
import { formatDuration } from './numbers.js';
import { isOver, computeSpeed } from './run-state.js';
import { WaitForm } from './wait-form.js';

/**
 * What a person can do with a reply.
 * @typedef {object} ReplyActions
 * @property {() => void} retry
 * @property {(text: string, what: string) => void} copy
 * @property {() => void} askForKey
 * @property {(path: string) => void} inspect looks into a step
 * @property {(name: string, value: unknown) => Promise<void>} answerWait answers a wait of the run; rejects with an
 * error that says what is wrong with the value
 */

const FINISH = /** @type {Readonly<Record<string, string>>} */ ({
  length: 'length: cut off by the limit of tokens',
  content_filter: 'content_filter: cut off by a filter',
  tool_calls: 'tool_calls: asks you to call a tool',
});

/** Shows one reply: a lane for each step, what it cost, and what went wrong. */
export class ReplyView {
  #lanes = el('div', { class: 'lanes' });
  #waiting = el('p', { class: 'waiting' }, 'Waiting for the first step');
  #waits = el('div', { class: 'waits', hidden: '' });
  #problem = el('div', { class: 'problem-box', role: 'alert', hidden: '' });
  #facts = el('dl', { class: 'facts', hidden: '' });
  #actions = el('div', { class: 'reply-actions', hidden: '' });
  element = el('article', { class: 'reply' });
  /** @type {Map<string, LaneView>} */
  #views = new Map();
  #shownProblem = '';
  #shownWaits = '';

  /**
   * @param {Reply} reply
   * @param {Plan} plan
   * @param {ReplyActions} actions
   */
  constructor(reply, plan, actions) {
    this.reply = reply;
    this.plan = plan;
    this.actions = actions;
    this.element.setAttribute('aria-label', `Reply of ${reply.model}`);
    const copy = makeButton('Copy reply', () => actions.copy(reply.content, 'Reply copied'), {
      class: 'quiet small',
    });
    const retry = makeButton('Retry', actions.retry, { class: 'quiet small retry' });
    this.#actions.append(copy, retry);
    this.element.append(
      el('p', { class: 'speaker' }, reply.model),
      this.#waiting,
      this.#lanes,
      this.#waits,
      this.#problem,
      this.#facts,
      this.#actions,
    );
    this.show();
  }

  /** @param {number} [now] milliseconds since the request was sent; absent when it is over */
  show(now) {
    const { reply } = this;
    const { state, lanes } = reply;
    const hasEnded = isOver(reply);
    this.element.dataset['state'] = state;
    this.element.setAttribute('aria-busy', String(!hasEnded));
    this.#waiting.hidden = hasEnded || lanes.length > 0;
    lanes.forEach((lane, index) => {
      let view = this.#views.get(lane.path);
      if (view === undefined) {
        view = new LaneView(
          lane.path,
          this.plan.steps.find(({ path }) => path === lane.path),
          () => this.actions.inspect(lane.path),
        );
        this.#views.set(lane.path, view);
        this.#lanes.insertBefore(view.element, this.#lanes.children[index] ?? null);
      }
      view.show(lane, now ?? reply.totalMs ?? reply.lastTextMs ?? 0, findOwnProblem(reply, lane));
    });
    this.#actions.hidden = this.#facts.hidden = !hasEnded;
    this.#showWaits();
    this.#showProblem(reply.problem);
    if (hasEnded) this.#showEnd();
  }

  #showEnd() {
    const { reply } = this;
    const [copy] = this.#actions.children;
    if (copy instanceof HTMLElement) copy.hidden = reply.content === '';
    const facts = listFacts(reply);
    this.#facts.hidden = facts.length === 0;
    this.#facts.replaceChildren(
      ...facts.map(([name, value, isCode]) =>
        el('div', {}, el('dt', {}, name), el('dd', isCode ? { class: 'code' } : {}, value)),
      ),
    );
  }

  #showWaits() {
    const waits = this.reply.waits ?? [];
    const text = JSON.stringify(waits);
    if (text === this.#shownWaits) return;
    this.#shownWaits = text;
    this.#waits.hidden = waits.length === 0;
    const { answerWait } = this.actions;
    render(
      waits.map((wait) => html`<${WaitForm} key=${wait.name} wait=${wait} onAnswer=${answerWait} />`),
      this.#waits,
    );
  }

  /** Written only once, because screen readers announce each change. @param {Problem | undefined} problem */
  #showProblem(problem) {
    const text = JSON.stringify(problem) ?? '';
    if (text === this.#shownProblem) return;
    this.#shownProblem = text;
    this.#problem.hidden = problem === undefined;
    this.#problem.replaceChildren();
    if (problem === undefined) return;
    this.#problem.append(el('strong', {}, problem.title), el('p', {}, problem.text));
    if (problem.code !== undefined) this.#problem.append(el('p', {}, 'Code: ', el('code', {}, problem.code)));
    if (problem.needsKey) this.#problem.append(makeButton('Enter a key', this.actions.askForKey, { class: 'small' }));
  }
}

/**
 * Finds the problem of a step. It is empty if the problem of the reply, or of a step inside this one, has the same
 * text.
 * @param {Reply} reply @param {Lane} lane
 */
function findOwnProblem({ problem, lanes }, { path, problem: words = '' }) {
  const isInside = lanes.some((each) => each.path.startsWith(`${path}/`) && each.problem === words);
  return isInside || problem?.text.startsWith(words) ? '' : words;
}

/** @param {Reply} reply @returns {[name: string, value: string, isCode?: boolean][]} */
function listFacts(reply) {
  const { usage, firstTextMs, totalMs, finishReason, fingerprint, requestId, runId, traceId, state } = reply;
  const { models = [] } = reply;
  const speed = computeSpeed(reply);
  /** @type {[string, string | undefined, boolean?][]} */
  const facts = [
    ['First text', firstTextMs === undefined ? undefined : formatDuration(firstTextMs)],
    ['Total', totalMs === undefined ? undefined : formatDuration(totalMs)],
    ['Speed', speed === undefined ? undefined : `${speed.toFixed(speed < 100 ? 1 : 0)} tokens/s`],
    ['Tokens in', usage && usage.prompt_tokens.toLocaleString('en')],
    ['Tokens out', usage && usage.completion_tokens.toLocaleString('en')],
    [
      'Finish',
      state === 'asking'
        ? 'waits for an answer'
        : state === 'stopped'
          ? reply.problem === undefined
            ? 'stopped by you'
            : 'interrupted'
          : finishReason && (FINISH[finishReason] ?? finishReason),
    ],
    [models.length > 1 ? 'Models' : 'Model', models.length === 0 ? undefined : models.join(', '), true],
    // The fingerprint names the provider's build. It is shown only if the model is not known.
    ['Fingerprint', models.length > 0 ? undefined : fingerprint, true],
    ['Trace', traceId, true],
    ['Run', runId, true],
    ['Request', requestId, true],
  ];
  return facts.flatMap(([name, value, isCode]) => (value === undefined ? [] : [[name, value, isCode]]));
}
