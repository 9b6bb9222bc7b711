/** @import { Api } from './api.js' */
/** @import { Reply, Plan, Run } from './types.js' */
/** @import { Chosen } from './workflow-picker.js' */
import { html, render } from '../vendor/preact-htm.js';
import { ReplyView } from './reply-view.js';
import { findById } from './dom.js';
import { Frame } from './frame.js';
import { formatCount, formatDuration } from './numbers.js';
import { describeProblem } from './problem.js';
import { isOver, makeReply } from './run-state.js';
import { followRun } from './run.js';

/** Pause between two reads of the list, in milliseconds. */
const PAUSE = 2_000;
const PAGE = 50;
const STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'];
/** Names of times, in seconds. @type {readonly [string, number][]} */
const TIMES = [
  ['at any time', 0],
  ['in the last hour', 3_600],
  ['in the last day', 86_400],
  ['in the last week', 604_800],
];

/**
 * @typedef {object} RunsListener
 * @property {() => string[]} listModels
 * @property {(model: string) => Promise<Chosen | undefined>} describe
 * @property {(chosen: Chosen | undefined, reply: Reply | undefined) => void} onShow which run is shown beside the graph
 * @property {(text: string, what: string) => void} copy
 * @property {() => void} askForKey
 * @property {(reply: Reply, path: string) => void} inspect
 */

/** Lists the runs that the server keeps, and shows one of them: while it runs, or later. */
export class RunsView {
  #place = findById('runs-view', HTMLElement);
  #filter = { model: '', status: '', since: 0 };
  /** @type {readonly Run[]} */
  #runs = [];
  #hasMore = false;
  #pages = 1;
  #problem = '';
  /** @type {number | undefined} */
  #timer;
  /** @type {OpenRun | undefined} */
  #open;

  /** @param {Api} api @param {RunsListener} listener */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
  }

  /** @param {string | undefined} id of the run to show; undefined: the list */
  show(id) {
    this.#place.hidden = false;
    if (id !== undefined && id === this.#open?.id) return;
    this.#close();
    if (id === undefined) void this.#refresh();
    else {
      this.#open = new OpenRun(id, this.api, this.listener, () => this.#draw());
      void this.#open.follow();
    }
    this.#draw();
  }

  hide() {
    this.#close();
    this.#place.hidden = true;
    render(null, this.#place);
  }

  /** Draws the clocks of an open run. */
  tick() {
    this.#open?.draw();
  }

  /** The elapsed time of the open run, in milliseconds; undefined: none is open. */
  get now() {
    return this.#open?.now;
  }

  #close() {
    clearTimeout(this.#timer);
    this.#open?.close();
    this.#open = undefined;
    this.listener.onShow(undefined, undefined);
  }

  async #refresh() {
    clearTimeout(this.#timer);
    const { model, status, since } = this.#filter;
    const oldest = since === 0 ? 0 : Date.now() / 1_000 - since;
    try {
      /** @type {Run[]} */
      const runs = [];
      let after;
      this.#hasMore = true;
      for (let page = 0; page < this.#pages && this.#hasMore; page++) {
        const {
          data,
          last_id: last,
          has_more: hasMore,
        } = await this.api.listRuns({ model, status, limit: PAGE, after });
        runs.push(...data.filter((run) => run.created_at >= oldest));
        after = last ?? undefined;
        this.#hasMore = hasMore && (data.at(-1)?.created_at ?? 0) >= oldest;
      }
      this.#runs = runs;
      this.#problem = '';
    } catch (error) {
      const { title, text } = describeProblem(error);
      this.#problem = `${title}. ${text}`;
    }
    if (this.#place.hidden || this.#open !== undefined) return;
    this.#draw();
    this.#timer = setTimeout(() => (document.hidden ? this.#later() : void this.#refresh()), PAUSE);
  }

  /** Reads the list again when the page is visible. */
  #later() {
    document.addEventListener('visibilitychange', () => !this.#place.hidden && void this.#refresh(), { once: true });
  }

  /** @param {Partial<{ model: string, status: string, since: number }>} change */
  #choose(change) {
    Object.assign(this.#filter, change);
    this.#pages = 1;
    void this.#refresh();
  }

  #draw() {
    render(this.#open === undefined ? this.#list() : html`<${RunPage} open=${this.#open} />`, this.#place);
  }

  #list() {
    const { model, status, since } = this.#filter;
    return html`<div class="runs">
      <h1>Runs</h1>
      <div class="runs-filter" role="group" aria-label="Which runs">
        <label class="field"
          ><span>Workflow</span>
          <select value=${model} onChange=${(/** @type {any} */ { target }) => this.#choose({ model: target.value })}>
            <option value="">all</option>
            ${this.listener.listModels().map((id) => html`<option value=${id}>${id}</option>`)}
          </select>
        </label>
        <label class="field"
          ><span>Status</span>
          <select
            id="runs-status"
            value=${status}
            onChange=${(/** @type {any} */ { target }) => this.#choose({ status: target.value })}
          >
            <option value="">all</option>
            ${STATUSES.map((each) => html`<option value=${each}>${each}</option>`)}
          </select>
        </label>
        <label class="field"
          ><span>Begun</span>
          <select
            value=${since}
            onChange=${(/** @type {any} */ { target }) => this.#choose({ since: Number(target.value) })}
          >
            ${TIMES.map(([name, seconds]) => html`<option value=${seconds}>${name}</option>`)}
          </select>
        </label>
        <button
          type="button"
          aria-pressed=${status === 'waiting'}
          onClick=${() => this.#choose({ status: status === 'waiting' ? '' : 'waiting' })}
        >
          Inbox
        </button>
      </div>
      ${this.#problem !== '' && html`<p class="problem" role="alert">${this.#problem}</p>`}
      ${this.#runs.length === 0 && this.#problem === '' && html`<p class="hint">No run of this key is kept here. Replies of this page are runs, and so is what POST /v1/runs begins.</p>`}
      <ul class="run-list" aria-label="Runs, the newest first">
        ${this.#runs.map((run) => html`<${RunRow} key=${run.id} run=${run} />`)}
      </ul>
      ${this.#hasMore && html`<button type="button" class="link" onClick=${() => (this.#pages++, void this.#refresh())}>Show more</button>`}
    </div>`;
  }
}

/** @param {{ run: Run }} props */
function RunRow({ run }) {
  const { id, status, model, created_at: at, started_at: from, finished_at: to, usage, waits, error } = run;
  const facts = [
    new Date(at * 1_000).toLocaleString(),
    ...(from !== null && to !== null ? [formatDuration((to - from) * 1_000)] : []),
    ...(usage === null ? [] : [formatCount(usage.total_tokens, 'token')]),
    ...(waits.length === 0 ? [] : [`waits for ${waits.map(({ name }) => name).join(', ')}`]),
    ...(error === null ? [] : [error.code]),
  ];
  return html`<li>
    <a class="run-row" href=${`#/runs/${id}`} data-status=${status}>
      <span class="run-model">${model}</span>
      <span class="run-status">${status}</span>
      <span class="hint">${facts.join(' · ')}</span>
      <code class="hint">${id}</code>
    </a>
  </li>`;
}

/** @param {{ open: OpenRun }} props */
function RunPage({ open }) {
  const { id, run, problem, isAtWork } = open;
  return html`<div class="run-page">
    <p><a href="#/runs">All runs</a></p>
    <h1>${run?.model ?? 'Run'}</h1>
    <p class="run-head"><span class="run-status" data-status=${open.status}>${open.status}</span> <code>${id}</code></p>
    <div class="run-actions">
      ${isAtWork && html`<button type="button" class="stop" onClick=${() => void open.change('cancel')}>Cancel</button>`}
      ${!isAtWork && run !== undefined && html`<button type="button" onClick=${() => void open.change('retry')}>Run again</button>`}
      <button type="button" class="quiet" onClick=${() => open.copyLink()}>Copy link</button>
    </div>
    ${problem !== '' && html`<p class="problem" role="alert">${problem}</p>`}
    <div ref=${(/** @type {HTMLElement | null} */ place) => place !== null && open.mount(place)}></div>
  </div>`;
}

/** A run that is shown. */
class OpenRun {
  /** @type {Run | undefined} */
  run;
  problem = '';
  #controller = new AbortController();
  #reply = makeReply('');
  /** @type {ReplyView | undefined} */
  #view;
  /** @type {HTMLElement | undefined} */
  #place;
  #frame = new Frame(() => this.draw());

  /** @param {string} id @param {Api} api @param {RunsListener} listener @param {() => void} onChange */
  constructor(id, api, listener, onChange) {
    this.id = id;
    this.api = api;
    this.listener = listener;
    this.onChange = onChange;
  }

  get isAtWork() {
    const { state } = this.#reply;
    return this.run !== undefined && this.problem === '' && (!isOver(this.#reply) || state === 'asking');
  }

  /** In the words of the API. */
  get status() {
    const states = { waiting: 'queued', streaming: 'running', asking: 'waiting', done: 'completed', failed: 'failed' };
    const { state } = this.#reply;
    return state === 'stopped' ? 'cancelled' : states[state];
  }

  /** Milliseconds since it began; undefined: it is over. */
  get now() {
    const { started_at: from } = this.run ?? {};
    return isOver(this.#reply) || from == null ? undefined : Date.now() - from * 1_000;
  }

  /** Reads it from its beginning on. */
  async follow() {
    const { api, id } = this;
    const { signal } = this.#controller;
    try {
      this.run = await api.readRun(id);
      const chosen = await this.listener.describe(this.run.model).catch(() => undefined);
      if (signal.aborted) return;
      const plan = chosen?.plan ?? { steps: [], branches: [] };
      this.#reply.model = this.run.model;
      this.#open(plan);
      this.listener.onShow(chosen, this.#reply);
      const onChange = () => this.#frame.ask();
      await followRun({ api, id, reply: this.#reply, plan, signal, onChange });
      if (signal.aborted) return;
      this.run = await api.readRun(id);
    } catch (error) {
      const { title, text } = describeProblem(error);
      this.problem = `${title}. ${text}`;
    }
    this.draw();
    this.onChange();
  }

  /** @param {'cancel' | 'retry'} action */
  async change(action) {
    try {
      const run = await this.api.changeRun(this.id, action);
      if (run.id !== this.id) location.hash = `#/runs/${run.id}`;
    } catch (error) {
      this.problem = describeProblem(error).text;
    }
    this.onChange();
  }

  copyLink() {
    this.listener.copy(new URL(`#/runs/${this.id}`, location.href).href, 'Link copied');
  }

  /** @param {HTMLElement} place */
  mount(place) {
    this.#place = place;
    if (this.#view !== undefined && this.#view.element.parentElement !== place)
      place.replaceChildren(this.#view.element);
  }

  draw() {
    this.#view?.show(this.now);
    this.listener.onShow(undefined, this.#reply);
    this.#drawHead();
  }

  #shownStatus = '';

  #drawHead() {
    if (this.#shownStatus === this.status) return;
    this.#shownStatus = this.status;
    this.onChange();
  }

  close() {
    this.#controller.abort();
  }

  /** @param {Plan} plan */
  #open(plan) {
    const { copy, askForKey, inspect } = this.listener;
    this.#view = new ReplyView(this.#reply, plan, {
      copy,
      askForKey,
      inspect: (path) => inspect(this.#reply, path),
      retry: () => void this.change('retry'),
      answerWait: async (name, value) => {
        await this.api.answerWait(this.id, name, value);
        this.#controller.abort();
        this.#controller = new AbortController();
        void this.follow();
      },
    });
    if (this.#place !== undefined) this.mount(this.#place);
  }
}
