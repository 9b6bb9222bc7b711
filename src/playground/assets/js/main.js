/** @import { Answer, ChatRequest, Conversation, Turn } from './types.js' */
/** @import { Chosen } from './workflow-picker.js' */
import { AnswerView } from './answer-view.js';
import { Api, API_URL } from './api.js';
import { chatRequest } from './chat-request.js';
import { Composer } from './composer.js';
import { COPY_AS } from './copy-as.js';
import { button, byId, el } from './dom.js';
import { Frame } from './frame.js';
import { GraphView } from './graph-view.js';
import { HistoryList } from './history-list.js';
import { History } from './history.js';
import { menu } from './menu.js';
import { Panels } from './panels.js';
import { Parameters } from './parameters.js';
import { runRequest } from './run.js';
import { newAnswer } from './run-state.js';
import { themeButton } from './theme.js';
import { WorkflowPicker } from './workflow-picker.js';

const KEPT_KEY = 'millrace-key';
const KEPT_CONVERSATION = 'millrace-conversation';
const STARTERS = ['Hello, how are you?', 'What is 17 * 23?', 'Where is the invoice for my order?'];

/** How near to the end of the conversation counts as being there, in pixels. */
const NEAR = 80;

/** The page: what its parts have to do with one another. */
class Page {
  #api = new Api();
  #history = new History();
  #panels = new Panels();
  #parameters = new Parameters();
  #graph = new GraphView(byId('graph-frame', HTMLElement));
  #turns = byId('turns', HTMLElement);
  #welcome = byId('welcome', HTMLElement);
  #scroller = byId('scroller', HTMLElement);
  #announcer = byId('announcer', HTMLElement);
  #toast = byId('toast', HTMLElement);
  #key = byId('key', HTMLInputElement);
  #composer = new Composer({ send: (text) => void this.#ask(text), stop: () => this.#stop() });
  #picker = new WorkflowPicker(this.#api, {
    chosen: (chosen) => this.#choose(chosen),
    needsKey: () => this.#askForKey(),
  });
  #list = new HistoryList(this.#history, {
    open: (id) => this.#open(this.#history.get(id)),
    removed: (id) => {
      if (id === undefined || id === this.#conversation.id) this.#open(undefined);
      else this.#list.show(this.#conversation.id);
    },
  });
  /** @type {Chosen | undefined} */
  #chosen;
  /** @type {Conversation} */
  #conversation = newConversation();
  /** @type {AnswerView | undefined} the newest answer */
  #view;
  /** @type {{ controller: AbortController, startedAt: number, answer: Answer } | undefined} */
  #running;
  /** @type {ChatRequest | undefined} */
  #lastRequest;
  /** @type {number | undefined} */
  #toastTimer;
  #frame = new Frame(() => this.#draw());

  constructor() {
    themeButton(byId('theme', HTMLButtonElement));
    this.#key.value = sessionStorage.getItem(KEPT_KEY) ?? '';
    this.#useKey();
    this.#key.addEventListener('change', () => {
      this.#useKey();
      void this.#picker.load();
    });
    byId('new-conversation', HTMLButtonElement).addEventListener('click', () => {
      this.#open(undefined);
      this.#panels.close();
      this.#composer.focus();
    });
    const copyAs = byId('copy-as', HTMLButtonElement);
    menu(copyAs, byId('copy-as-list', HTMLElement), ({ dataset }) => this.#copyAs(dataset['copy'] ?? ''));
    const starters = STARTERS.map((text) =>
      el(
        'li',
        {},
        button(text, () => void this.#ask(text), { class: 'starter' }),
      ),
    );
    byId('starters', HTMLElement).append(...starters);
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.#panels.close()) this.#stop();
    });
    this.#scroller.addEventListener('scroll', () => (this.#isAtEnd = distanceFromEnd(this.#scroller) < NEAR), {
      passive: true,
    });
    this.#open(this.#history.get(sessionStorage.getItem(KEPT_CONVERSATION) ?? ''));
    void this.#picker.load().then(() => this.#reopen());
    this.#composer.focus();
  }

  #isAtEnd = true;

  /** @param {Chosen} chosen */
  #choose(chosen) {
    this.#chosen = chosen;
    byId('graph-title', HTMLElement).textContent = `Graph of ${chosen.model}`;
    byId('parameter-note', HTMLElement).textContent = chosen.takes.includes('sampling')
      ? 'Handed on to the models of the steps that you hear, unless a step has settings of its own.'
      : 'The steps of this workflow have settings of their own, and take none from here.';
    if (chosen.drawing === undefined) this.#graph.fail('The graph cannot be drawn.');
    else this.#graph.draw(chosen.drawing, chosen.plan);
    this.#showGraph();
  }

  /** The graph shows the newest answer if that is of the workflow chosen. */
  #showGraph() {
    const answer = this.#view?.answer;
    this.#graph.show(answer?.model === this.#chosen?.model ? answer : undefined);
  }

  /** Sends a message. @param {string} question */
  async #ask(question) {
    // Who is quick chooses a workflow and sends before its description is here.
    await this.#picker.settled;
    const chosen = this.#chosen;
    if (chosen === undefined || this.#running !== undefined) return;
    let request;
    try {
      request = this.#requestFor(question, chosen);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
      this.#panels.show('settings');
      this.#parameters.reveal();
      return;
    }
    this.#composer.text = '';
    this.#composer.focus();
    this.#panels.close();
    await this.#run(question, request, chosen);
  }

  /** @param {string} question @param {ChatRequest} request @param {Chosen} chosen */
  async #run(question, request, { model, plan }) {
    const conversation = this.#conversation;
    const answer = newAnswer(model);
    /** @type {Turn} */
    const turn = { question, answer };
    conversation.turns.push(turn);
    conversation.changedAt = Date.now();
    const running = { controller: new AbortController(), startedAt: performance.now(), answer };
    this.#running = running;
    this.#lastRequest = request;
    this.#view = this.#addTurn(turn);
    this.#composer.running = true;
    document.body.classList.add('grinding');
    this.#isAtEnd = true;
    this.#announcer.textContent = `${model} is answering`;
    this.#history.keep(conversation);
    this.#list.show(conversation.id);
    this.#frame.ask();
    // The clocks of steps that run go on, also while nothing comes.
    const ticking = setInterval(() => this.#frame.ask(), 100);
    await runRequest({
      api: this.#api,
      request,
      answer,
      plan,
      signal: running.controller.signal,
      clock: () => performance.now() - running.startedAt,
      changed: () => this.#frame.ask(),
    });
    clearInterval(ticking);
    this.#running = undefined;
    this.#composer.running = false;
    document.body.classList.remove('grinding');
    // A conversation that was deleted meanwhile stays deleted.
    if (this.#history.get(conversation.id) !== undefined) this.#history.keep(conversation);
    if (this.#conversation === conversation) this.#announce(turn);
    this.#list.show(this.#conversation.id);
    this.#frame.ask();
  }

  #stop() {
    this.#running?.controller.abort();
  }

  #retry() {
    const last = this.#conversation.turns.at(-1);
    if (last === undefined || this.#running !== undefined) return;
    this.#conversation.turns.pop();
    this.#turns.lastElementChild?.remove();
    void this.#ask(last.question);
  }

  #draw() {
    const running = this.#running;
    const isShown = running !== undefined && running.answer === this.#view?.answer;
    this.#view?.show(isShown ? performance.now() - running.startedAt : undefined);
    this.#showGraph();
    if (this.#isAtEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** @param {Conversation | undefined} conversation undefined for a new one */
  #open(conversation) {
    this.#stop();
    this.#conversation = conversation ?? newConversation();
    sessionStorage.setItem(KEPT_CONVERSATION, this.#conversation.id);
    this.#list.show(this.#conversation.id);
    this.#panels.close();
    this.#reopen();
    const model = this.#conversation.turns.at(-1)?.answer.model;
    if (model !== undefined && model !== this.#chosen?.model)
      void this.#picker.choose(model).then(() => this.#reopen());
  }

  /** Shows all turns anew: the names of their steps may be known only now. */
  #reopen() {
    if (this.#running !== undefined && !this.#running.controller.signal.aborted) return;
    this.#turns.replaceChildren();
    this.#view = undefined;
    for (const turn of this.#conversation.turns) this.#view = this.#addTurn(turn);
    this.#welcome.hidden = this.#conversation.turns.length > 0;
    this.#isAtEnd = true;
    this.#frame.ask();
  }

  /** @param {Turn} turn @returns {AnswerView} */
  #addTurn({ question, answer }) {
    const plan = answer.model === this.#chosen?.model ? this.#chosen.plan : { steps: [], branches: [] };
    const view = new AnswerView(answer, plan, {
      retry: () => this.#retry(),
      copy: (text, what) => void this.#copy(text, what),
      askForKey: () => this.#askForKey(),
    });
    const asked = el('article', { class: 'question', 'aria-label': 'You' }, el('p', {}, question));
    this.#turns.append(el('div', { class: 'turn' }, asked, view.element));
    this.#welcome.hidden = true;
    return view;
  }

  /** What a screen reader says at the end: the answer, once and as a whole. @param {Turn} turn */
  #announce({ answer }) {
    const words = { done: 'Answer', stopped: 'Stopped. Answer so far', failed: 'Failed. Answer so far' };
    const { state, content } = answer;
    if (state === 'waiting' || state === 'streaming' || (state === 'failed' && content === '')) return;
    this.#announcer.textContent = `${words[state]}: ${content.slice(0, 4_000)}`;
  }

  /** @param {string} question @param {Chosen} chosen @returns {ChatRequest} */
  #requestFor(question, { model }) {
    const { system, values: parameters } = this.#parameters;
    return chatRequest({ model, system, turns: this.#conversation.turns, question, parameters });
  }

  /** What would be sent now, or was sent last if nothing is written. @param {string} form */
  #copyAs(form) {
    const write = COPY_AS[form];
    const draft = this.#composer.text;
    if (write === undefined || this.#chosen === undefined) return;
    try {
      const isNew = draft.trim() !== '' || this.#lastRequest === undefined;
      const request = isNew ? this.#requestFor(draft.trim() === '' ? 'Hello' : draft, this.#chosen) : this.#lastRequest;
      if (request === undefined) return;
      void this.#copy(write({ request, baseUrl: API_URL, hasKey: this.#api.key !== '' }), `Copied as ${form}`);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
      this.#parameters.reveal();
    }
  }

  /** @param {string} text @param {string} done what to say then */
  async #copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.#say(done);
    } catch {
      this.#say(copyByHand(text) ? done : 'The browser did not let the page copy. It does on https and on localhost.');
    }
  }

  /** Says something in passing. @param {string} words */
  #say(words) {
    this.#toast.textContent = words;
    this.#toast.hidden = false;
    this.#announcer.textContent = words;
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => (this.#toast.hidden = true), 4_000);
  }

  #askForKey() {
    this.#panels.show('settings');
    byId('key-group', HTMLDetailsElement).open = true;
    this.#key.focus();
  }

  #useKey() {
    const key = this.#key.value.trim();
    this.#api.key = key;
    byId('key-set', HTMLElement).hidden = key === '';
    if (key === '') sessionStorage.removeItem(KEPT_KEY);
    else sessionStorage.setItem(KEPT_KEY, key);
  }
}

/** @returns {Conversation} */
function newConversation() {
  return { id: String(Date.now()) + Math.random().toString(36).slice(2, 8), changedAt: Date.now(), turns: [] };
}

/** The way of pages that browsers do not trust, such as those of another machine over http. @param {string} text */
function copyByHand(text) {
  const focused = document.activeElement;
  const field = el('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

/** @param {Element} element */
function distanceFromEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight;
}

void new Page();
