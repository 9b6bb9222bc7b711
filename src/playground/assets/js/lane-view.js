/** @import { Lane, Step, StepKind } from './types.js' */
import { el, makeButton, setText } from './dom.js';
import { formatCount, formatDuration } from './numbers.js';
import { TextView } from './text-view.js';

/** @type {Readonly<Record<StepKind | 'result', string>>} */
const KINDS = {
  node: 'code',
  agent: 'agent',
  'agent-streaming': 'agent',
  route: 'route',
  workflow: 'workflow',
  interrupt: 'interrupt',
  result: 'the reply',
};

const STATES = {
  running: 'running',
  done: 'done',
  failed: 'failed',
  recovered: 'failed, continued with a substitute',
  stopped: 'stopped',
};

/** Shows one step of a run: how it goes, and what it says. */
export class LaneView {
  #name = el('span', { class: 'lane-name' });
  #state = el('span', { class: 'lane-state' });
  #time = el('span', { class: 'lane-time' });
  #facts = el('span', { class: 'lane-facts' });
  #progress = el('ul', { class: 'lane-progress', hidden: '' });
  #thinkingText = new TextView();
  #thinkingState = el('span', { class: 'thinking-state' });
  #thinking = el(
    'details',
    { class: 'thinking', hidden: '' },
    el('summary', {}, el('span', {}, 'Thinking'), this.#thinkingState),
    this.#thinkingText.element,
  );
  #text = new TextView();
  #refusal = el('p', { class: 'refusal', hidden: '' });
  #calls = el('div', { class: 'calls', hidden: '' });
  #problem = el('p', { class: 'problem', hidden: '' });
  element = el(
    'section',
    { class: 'lane' },
    el(
      'h3',
      { class: 'lane-head' },

      this.#name,
      this.#facts,
      el('span', { class: 'lane-end' }, this.#state, this.#time),
    ),
    this.#progress,
    this.#thinking,
    this.#text.element,
    this.#refusal,
    this.#calls,
    this.#problem,
  );
  /** True once a person has opened or closed the thinking: from then on it stays as it is. */
  #isTouched = false;
  /** Length of the thinking whose words have been counted. */
  #countedThinking = 0;

  /**
   * @param {string} path @param {Step | undefined} step undefined for what is no step of the graph
   * @param {() => void} onInspect
   */
  constructor(path, step, onInspect) {
    const label = path === '' ? 'Result' : (step?.label ?? path);
    setText(this.#name, label);
    this.element.setAttribute('aria-label', `Step ${label}`);
    this.element.dataset['path'] = path;
    if (step !== undefined && step.depth > 0) this.element.classList.add('inner');
    if (step?.branch) this.#name.after(el('span', {}, step.branch));
    // People see this by its place below the workflow, so only screen readers need it.
    if (step?.around) this.#name.after(el('span', { class: 'visually-hidden' }, `in ${step.around}`));
    if (path !== '') {
      const look = makeButton('Inside', onInspect, { class: 'quiet small look', 'aria-label': `Look inside ${label}` });
      this.#time.after(look);
    }
    this.#thinking.querySelector('summary')?.addEventListener('click', () => (this.#isTouched = true));
  }

  /**
   * @param {Lane} lane
   * @param {number} now milliseconds since the request was sent
   * @param {string} problem what went wrong in it, unless that stands elsewhere
   */
  show(lane, now, problem) {
    const { state, visible, kind, reasoning, content, refusal, toolCalls, usage } = lane;
    this.element.dataset['state'] = state === 'recovered' ? 'failed' : state;
    this.element.classList.toggle('silent', !visible || kind === 'workflow');
    setText(this.#state, STATES[state]);
    setText(this.#time, formatDuration(lane.elapsedMs ?? Math.max(now - lane.startedMs, 0)));
    const kinds = [KINDS[kind], ...(visible || kind === 'workflow' ? [] : ['silent'])];
    if (usage !== undefined) kinds.push(formatCount(usage.completion_tokens, 'token'));
    setText(this.#facts, kinds.join(' · '));
    this.#showProgress(lane.progress);
    this.#showThinking(reasoning, content !== '' || state !== 'running');
    this.#text.show(content.trimStart(), state === 'running');
    showText(this.#refusal, refusal);
    showText(this.#problem, problem);
    this.#showCalls(toolCalls);
  }

  /** @param {readonly string[]} messages */
  #showProgress(messages) {
    this.#progress.hidden = messages.length === 0;
    for (const message of messages.slice(this.#progress.children.length)) this.#progress.append(el('li', {}, message));
  }

  /**
   * The thinking is open while nothing else has come, and closes when the reply begins.
   * @param {string} text
   * @param {boolean} isOver
   */
  #showThinking(text, isOver) {
    this.#thinking.hidden = text === '';
    if (text === '') return;
    if (!this.#isTouched) this.#thinking.open = !isOver;
    if (!isOver) setText(this.#thinkingState, '…');
    else if (text.length !== this.#countedThinking) {
      this.#countedThinking = text.length;
      setText(this.#thinkingState, formatCount(text.trim().split(/\s+/).length, 'word'));
    }
    this.#thinkingText.show(text, !isOver);
  }

  /** @param {Lane['toolCalls']} calls */
  #showCalls(calls) {
    this.#calls.hidden = calls.length === 0;
    calls.forEach((call, index) => {
      const row = this.#calls.children[index] ?? this.#calls.appendChild(el('p', {}, el('strong'), el('code')));
      const [name, text] = row.children;
      if (name !== undefined) setText(name, `Calls ${call.name} `);
      if (text !== undefined) setText(text, call.arguments);
    });
  }
}

/** @param {HTMLElement} element @param {string} text */
function showText(element, text) {
  element.hidden = text === '';
  setText(element, text);
}
