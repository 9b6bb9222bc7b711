/** @import { Api } from './api.js' */
/** @import { ChatRequest, Plan } from './types.js' */
/** @import { Chosen } from './workflow-picker.js' */
/** @import { RunsListener } from './runs-view.js' */
import { html, render } from '../vendor/preact-htm.js';
import { ReplyView } from './reply-view.js';
import { findById } from './dom.js';
import { Frame } from './frame.js';
import { describeProblem } from './problem.js';
import { end, makeReply } from './run-state.js';
import { followRun, runRequest } from './run.js';

/** One of the two ways in which a message is sent. */
class Side {
  model = '';
  parameters = '';
  step = '';
  instructions = '';
  ownModel = '';
  problem = '';
  /** @type {Chosen | undefined} */
  chosen;
  /** @type {ReplyView | undefined} */
  view;
  startedAt = 0;
  isRunning = false;
  controller = new AbortController();
}

/**
 * Sends one message in two ways at the same time: to two workflows, with two sets of parameters, or with a changed
 * agent.
 */
export class CompareView {
  #place = findById('compare-view', HTMLElement);
  #question = '';
  #sides = [new Side(), new Side()];
  #frame = new Frame(() => this.tick());

  /** @param {Api} api @param {RunsListener} listener */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
  }

  /** @param {string} model that is chosen @param {string} question that is written */
  async show(model, question) {
    this.#place.hidden = false;
    if (question !== '') this.#question = question;
    for (const side of this.#sides) if (side.model === '') await this.#choose(side, model);
    this.#draw();
  }

  hide() {
    this.#place.hidden = true;
  }

  /** Draws the clocks of running replies. */
  tick() {
    for (const { view, startedAt, isRunning } of this.#sides) if (isRunning) view?.show(performance.now() - startedAt);
  }

  /** @param {Side} side @param {string} model */
  async #choose(side, model) {
    Object.assign(side, { model, step: '', problem: '' });
    side.chosen = await this.listener.describe(model).catch(() => undefined);
    this.#draw();
  }

  #run() {
    if (this.#question.trim() === '') return;
    for (const side of this.#sides) void this.#runSide(side);
  }

  /** @param {Side} side */
  async #runSide(side) {
    const { api } = this;
    side.controller.abort();
    side.controller = new AbortController();
    const { signal } = side.controller;
    const reply = makeReply(side.model);
    const plan = side.chosen?.plan ?? { steps: [], branches: [] };
    try {
      const request = makeRequest(side, this.#question);
      Object.assign(side, { problem: '', isRunning: true, startedAt: performance.now() });
      side.view = this.#makeView(side, reply, plan);
      this.#draw();
      const parts = { api, reply, plan, signal, onChange: () => this.#frame.ask() };
      if (request.overrides === undefined) {
        await runRequest({ ...parts, request: request.chat, clock: () => performance.now() - side.startedAt });
      } else {
        const { stream: _, stream_options: __, ...body } = request.chat;
        const { id } = await api.beginRun({ ...body, overrides: request.overrides });
        await followRun({ ...parts, id });
      }
    } catch (error) {
      reply.problem = describeProblem(error);
      end(reply, 'failed', performance.now() - side.startedAt);
      if (side.view === undefined || !side.isRunning) side.problem = reply.problem.text;
    }
    if (signal.aborted) return;
    side.isRunning = false;
    side.view?.show();
    this.#draw();
  }

  /** @param {Side} side @param {import('./types.js').Reply} reply @param {Plan} plan */
  #makeView(side, reply, plan) {
    const { copy, askForKey, inspect } = this.listener;
    return new ReplyView(reply, plan, {
      copy,
      askForKey,
      inspect: (path) => inspect(reply, path),
      retry: () => void this.#runSide(side),
      answerWait: async (name, value) => {
        if (reply.runId === undefined) return;
        await this.api.answerWait(reply.runId, name, value);
        side.isRunning = true;
        await followRun({
          api: this.api,
          id: reply.runId,
          reply,
          plan,
          signal: side.controller.signal,
          onChange: () => this.#frame.ask(),
        });
        side.isRunning = false;
        side.view?.show();
      },
    });
  }

  #draw() {
    if (this.#place.hidden) return;
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.#run();
    };
    render(
      html`<form class="compare" onSubmit=${submit} aria-label="Compare">
        <h1>Compare</h1>
        <label class="field wide"
          ><span>Message</span>
          <textarea
            id="compare-question"
            rows="2"
            value=${this.#question}
            onInput=${(/** @type {any} */ { target }) => (this.#question = target.value)}
          ></textarea>
        </label>
        <div class="compare-sides">${this.#sides.map((side, index) => this.#drawSide(side, index))}</div>
        <button type="submit" class="primary">Run both</button>
        <div class="compare-sides">
          ${this.#sides.map(
            ({ view }, index) =>
              html`<div
                key=${`reply-${index}`}
                class="compare-reply"
                ref=${(/** @type {HTMLElement | null} */ place) => place !== null && view !== undefined && view.element.parentElement !== place && place.replaceChildren(view.element)}
              ></div>`,
          )}
        </div>
      </form>`,
      this.#place,
    );
  }

  /** @param {Side} side @param {number} index */
  #drawSide(side, index) {
    const name = index === 0 ? 'left' : 'right';
    const agents = (side.chosen?.plan.steps ?? []).filter(({ kind }) => kind.startsWith('agent'));
    const set = (/** @type {Partial<Side>} */ change) => {
      Object.assign(side, change);
      this.#draw();
    };
    return html`<fieldset key=${name} class="compare-side">
      <legend>${name}</legend>
      <label class="field wide"
        ><span>Workflow</span>
        <select
          value=${side.model}
          onChange=${(/** @type {any} */ { target }) => void this.#choose(side, target.value)}
        >
          ${this.listener.listModels().map((id) => html`<option value=${id}>${id}</option>`)}
        </select>
      </label>
      <label class="field wide"
        ><span>Parameters, as JSON</span>
        <textarea
          class="code"
          rows="2"
          spellcheck="false"
          placeholder=${'{"temperature": 0}'}
          value=${side.parameters}
          onInput=${(/** @type {any} */ { target }) => (side.parameters = target.value)}
        ></textarea>
      </label>
      <details>
        <summary>Change an agent for this run <span class="badge">development only</span></summary>
        <label class="field wide"
          ><span>Step</span>
          <select value=${side.step} onChange=${(/** @type {any} */ { target }) => set({ step: target.value })}>
            <option value="">none</option>
            ${agents.map(({ path }) => html`<option value=${path}>${path}</option>`)}
          </select>
        </label>
        <label class="field wide"
          ><span>Instructions</span>
          <textarea
            rows="3"
            value=${side.instructions}
            onInput=${(/** @type {any} */ { target }) => (side.instructions = target.value)}
          ></textarea>
        </label>
        <label class="field wide"
          ><span>Model</span>
          <input
            placeholder="openai/gpt-4.1-mini"
            value=${side.ownModel}
            onInput=${(/** @type {any} */ { target }) => (side.ownModel = target.value)}
          />
        </label>
      </details>
      ${side.problem !== '' && html`<p class="problem" role="alert">${side.problem}</p>`}
    </fieldset>`;
  }
}

/**
 * @param {Side} side
 * @param {string} question
 * @returns {{ chat: ChatRequest, overrides: object | undefined }}
 * @throws {Error} if the parameters are not JSON
 */
function makeRequest({ model, parameters, step, instructions, ownModel }, question) {
  const given = parameters.trim() === '' ? {} : JSON.parse(parameters);
  const messages = [{ role: 'user', content: question }];
  const change = {
    ...(instructions.trim() !== '' && { instructions }),
    ...(ownModel.trim() !== '' && { model: ownModel.trim() }),
  };
  const isChanged = step !== '' && Object.keys(change).length > 0;
  return {
    chat: { ...given, model, messages, stream: true, stream_options: { include_usage: true } },
    overrides: isChanged ? { [step]: change } : undefined,
  };
}
