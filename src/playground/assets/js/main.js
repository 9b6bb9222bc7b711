/** @import { Answer, ChatRequest, Conversation, Inspection, Plan, Turn } from './types.js' */
/** @import { RunsListener } from './runs-view.js' */
/** @import { Chosen } from './workflow-picker.js' */
import { Api, API_URL } from './api.js';
import { makeChatRequest } from './chat-request.js';
import { CompareView } from './compare-view.js';
import { Composer } from './composer.js';
import { COPY_CHAT_AS, COPY_RESPONSE_AS } from './copy-as.js';
import { makeButton, findById, el } from './dom.js';
import { Frame } from './frame.js';
import { GraphView } from './graph-view.js';
import { HistoryList } from './history-list.js';
import { History, makeId } from './history.js';
import { Inspections, InsideView } from './inside.js';
import { setUpMenu } from './menu.js';
import { Panels } from './panels.js';
import { Parameters } from './parameters.js';
import { INTERRUPTED } from './problem.js';
import { makeResponseRequest } from './response-request.js';
import { followRun, runRequest } from './run.js';
import { end, isOver, makeAnswer } from './run-state.js';
import { RunsView } from './runs-view.js';
import { tabStore } from './storage.js';
import { setUpThemeButton } from './theme.js';
import { TurnsView } from './turns-view.js';
import { WaterfallView } from './waterfall.js';
import { WorkflowPicker } from './workflow-picker.js';

const KEPT_KEY = 'millrace-key';
const KEPT_CONVERSATION = 'millrace-conversation';
const STARTERS = ['Hello, how are you?', 'What is 17 * 23?', 'Where is the invoice for my order?'];

/** How near to the end of the conversation counts as being there, in pixels. */
const NEAR = 80;

/** The page: connects its parts. */
class Page {
  #api = new Api();
  #history = new History({
    changed: (id) => this.#onOtherTab(id),
    full: () =>
      this.#say(
        'The browser has no room for this conversation: it is kept only until this tab is closed. Delete others.',
      ),
  });
  #panels = new Panels();
  #parameters = new Parameters();
  #graph = new GraphView(findById('graph-frame', HTMLElement), (path) => this.#inspect(this.#shown, path));
  #inspections = new Inspections(this.#api);
  #inside = new InsideView(this.#inspections);
  #waterfall = new WaterfallView((path) => this.#inspect(this.#shown, path));
  #turns = new TurnsView({
    retry: () => this.#retry(),
    copy: (text, what) => void this.#copy(text, what),
    askForKey: () => this.#askForKey(),
    inspect: (answer, path) => this.#inspect(answer, path),
    reply: (turn, name, value) => this.#reply(turn, name, value),
    edit: (turn) => this.#edit(turn),
  });
  #scroller = findById('scroller', HTMLElement);
  #announcer = findById('announcer', HTMLElement);
  #toast = findById('toast', HTMLElement);
  #key = findById('key', HTMLInputElement);
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
  /** What the views beside the conversation need of the page. @type {RunsListener} */
  #listener = {
    listModels: () => this.#picker.models,
    describe: async (model) => {
      await this.#picker.settled;
      return this.#picker.describe(model);
    },
    shown: (chosen, answer) => {
      if (chosen !== undefined) this.#showPlan(chosen);
      this.#shownRun = answer;
      this.#frame.ask();
    },
    copy: (text, what) => void this.#copy(text, what),
    askForKey: () => this.#askForKey(),
    inspect: (answer, path) => this.#inspect(answer, path),
  };
  #runs = new RunsView(this.#api, this.#listener);
  #compare = new CompareView(this.#api, this.#listener);
  /** The run that is shown in place of the conversation. @type {Answer | undefined} */
  #shownRun;
  /** The plan beside the graph. @type {Plan} */
  #shownPlan = { steps: [], branches: [] };
  /** The inside of what is shown, once it is over. @type {{ answer: Answer, inspection: Inspection | undefined } | undefined} */
  #known;
  /** @type {Chosen | undefined} */
  #chosen;
  /** @type {Conversation} */
  #conversation = makeConversation();
  /** @type {{ controller: AbortController, startedAt: number, conversation: Conversation, turn: Turn, isLeft: boolean } | undefined} */
  #running;
  /** @type {ChatRequest | undefined} */
  #lastRequest;
  /** @type {number | undefined} */
  #toastTimer;
  #frame = new Frame(() => this.#draw());

  constructor() {
    setUpThemeButton(findById('theme', HTMLButtonElement));
    this.#key.value = tabStore.get(KEPT_KEY) ?? '';
    this.#useKey();
    this.#key.addEventListener('change', () => {
      this.#useKey();
      void this.#picker.load();
    });
    findById('new-conversation', HTMLButtonElement).addEventListener('click', () => {
      this.#open(undefined);
      this.#panels.close();
      this.#composer.focus();
    });
    const copyAs = findById('copy-as', HTMLButtonElement);
    setUpMenu(copyAs, findById('copy-as-list', HTMLElement), ({ dataset, textContent }) =>
      this.#copyAs(textContent, dataset['door'] === 'responses'),
    );
    const starters = STARTERS.map((text) =>
      el(
        'li',
        {},
        makeButton(text, () => void this.#ask(text), { class: 'starter' }),
      ),
    );
    findById('starters', HTMLElement).append(...starters);
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !findById('inside', HTMLDialogElement).open && !this.#panels.close()) this.#stop();
    });
    this.#scroller.addEventListener('scroll', () => (this.#isAtEnd = measureDistanceToEnd(this.#scroller) < NEAR), {
      passive: true,
    });
    document.addEventListener('copy-code', (event) => {
      if (event instanceof CustomEvent) void this.#copy(event.detail, 'Copied');
    });
    addEventListener('pagehide', () => this.#leave());
    // A page that the browser has kept whole has lost its connection.
    addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
    addEventListener('hashchange', () => this.#route());
    setInterval(() => {
      this.#runs.tick();
      this.#compare.tick();
    }, 250);
    this.#open(this.#history.get(tabStore.get(KEPT_CONVERSATION) ?? ''));
    void this.#picker.load().then(() => {
      this.#reopen();
      this.#resume();
      void this.#countWaiting();
    });
    this.#route();
    if (!this.#isAtRuns) this.#composer.focus();
  }

  #isAtEnd = true;

  /** Says beside the link to the runs how many wait for an answer. */
  async #countWaiting() {
    const count = await this.#api.countWaiting();
    findById('to-runs', HTMLElement).textContent =
      count === 0 ? 'Runs' : `Runs (${count} ${count === 1 ? 'waits' : 'wait'})`;
  }

  get #isAtRuns() {
    return location.hash.startsWith('#/runs');
  }

  /** Shows what the address names: the conversation, the list of runs, or one of them. */
  #route() {
    const [, id] = /^#\/runs(?:\/([^/?]+))?/.exec(location.hash) ?? [];
    const isAtCompare = location.hash === '#/compare';
    const isElsewhere = this.#isAtRuns || isAtCompare;
    for (const part of [this.#scroller, findById('composer', HTMLElement)]) part.hidden = isElsewhere;
    setCurrent('to-chat', !isElsewhere);
    setCurrent('to-runs', this.#isAtRuns);
    this.#panels.close();
    void this.#countWaiting();
    if (isAtCompare)
      void this.#picker.settled.then(() => this.#compare.show(this.#chosen?.model ?? '', this.#composer.text));
    else this.#compare.hide();
    if (this.#isAtRuns) this.#runs.show(id === undefined ? undefined : decodeURIComponent(id));
    else {
      this.#runs.hide();
      if (this.#chosen !== undefined) this.#showPlan(this.#chosen);
      this.#frame.ask();
    }
  }

  /** The answer that the graph shows. */
  get #shown() {
    if (this.#isAtRuns) return this.#shownRun;
    const answer = this.#turns.newest;
    return answer?.model === this.#chosen?.model ? answer : undefined;
  }

  /** Looks into a step. @param {Answer | undefined} answer undefined: nothing was asked @param {string} path */
  #inspect(answer, path) {
    if (answer === undefined) {
      this.#say('Send a message first: then there is something to see inside this step.');
      return;
    }
    const step = this.#shownPlan.steps.find((each) => each.path === path);
    this.#inside.open(answer, path, step?.label ?? path);
  }

  /** Answers what a run waits for, and goes on with it. @param {Turn} turn @param {string} name @param {unknown} value */
  async #reply(turn, name, value) {
    const { runId } = turn.answer;
    if (runId === undefined) return;
    await this.#api.answerWait(runId, name, value);
    if (this.#running === undefined) void this.#follow(turn, runId);
  }

  /** Begins another conversation with what was said before a question, to ask it differently. @param {Turn} turn */
  #edit(turn) {
    const { turns } = this.#conversation;
    const before = turns.slice(
      0,
      turns.findIndex(({ id }) => id === turn.id),
    );
    this.#open({ ...makeConversation(), turns: structuredClone(before) });
    this.#composer.text = turn.question;
    this.#composer.focus();
  }

  /** @param {Chosen} chosen */
  #choose(chosen) {
    this.#chosen = chosen;
    if (this.#shownRun === undefined) this.#showPlan(chosen);
  }

  /** @param {Chosen} chosen whose graph is shown */
  #showPlan(chosen) {
    this.#shownPlan = chosen.plan;
    findById('graph-title', HTMLElement).textContent = `Graph of ${chosen.model}`;
    findById('parameter-note', HTMLElement).textContent = chosen.takes.includes('sampling')
      ? 'Passed on to the models of visible steps, unless a step has settings of its own.'
      : 'The steps of this workflow have settings of their own, and take none from here.';
    if (chosen.drawing === undefined) this.#graph.fail('The graph cannot be drawn.');
    else this.#graph.draw(chosen.drawing, chosen.plan);
    this.#showGraph();
  }

  /** The graph shows the newest answer if that is of the workflow chosen. */
  #showGraph() {
    const answer = this.#shown;
    this.#graph.show(answer);
    const now = this.#isAtRuns ? (this.#runs.now ?? 0) : this.#runningMs;
    const known = this.#known?.answer === answer ? this.#known : undefined;
    this.#waterfall.show(answer, this.#shownPlan, known?.inspection, now);
    if (answer !== undefined && isOver(answer) && known === undefined) void this.#learn(answer);
  }

  /** @param {Answer} answer that is over */
  async #learn(answer) {
    this.#known = { answer, inspection: undefined };
    const { inspection } = await this.#inspections.read(answer);
    if (this.#known.answer !== answer || inspection === undefined) return;
    this.#known = { answer, inspection };
    this.#frame.ask();
  }

  /** Milliseconds since the request that is answered was sent. */
  get #runningMs() {
    return this.#running === undefined ? 0 : performance.now() - this.#running.startedAt;
  }

  /** Sends a message. @param {string} question @param {Turn} [replaced] the turn in which it was asked before */
  async #ask(question, replaced) {
    // A quick user may choose a workflow and send a message before its description has arrived.
    await this.#picker.settled;
    const chosen = this.#chosen;
    if (chosen === undefined || this.#running !== undefined) return;
    let request;
    try {
      request = this.#makeRequest(question, chosen, replaced);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
      this.#panels.show('settings');
      this.#parameters.reveal();
      return;
    }
    this.#composer.text = '';
    this.#composer.focus();
    this.#panels.close();
    await this.#run({ id: makeId(), question, answer: makeAnswer(chosen.model) }, request, chosen, replaced);
  }

  /** @param {Turn} turn @param {ChatRequest} request @param {Chosen} chosen @param {Turn} [replaced] */
  async #run(turn, request, { plan }, replaced) {
    this.#lastRequest = request;
    this.#history.begin(this.#conversation, turn, replaced);
    this.#turns.update(this.#conversation.turns, this.#findPlan);
    this.#list.show(this.#conversation.id);
    await this.#work(turn, ({ changed, ...parts }) => runRequest({ ...parts, request, plan, changed }));
  }

  /** Goes on with a run that the server keeps. @param {Turn} turn @param {string} id */
  async #follow(turn, id) {
    const chosen = await this.#picker.describe(turn.answer.model).catch(() => undefined);
    const plan = chosen?.plan ?? { steps: [], branches: [] };
    this.#history.resume(turn);
    await this.#work(turn, (parts) => followRun({ ...parts, id, plan, began: (at) => this.#setStart(at) }));
  }

  /** @param {number} at when the run that goes on here began, in milliseconds since the Unix epoch */
  #setStart(at) {
    if (this.#running !== undefined) this.#running.startedAt = performance.now() - Math.max(0, Date.now() - at);
  }

  /** Goes on with the answer that was under way when the page was left. */
  #resume() {
    const turn = this.#conversation.turns.at(-1);
    if (turn?.answer.runId === undefined || isOver(turn.answer) || this.#running !== undefined) return;
    void this.#follow(turn, turn.answer.runId);
  }

  /**
   * Shows an answer while it comes.
   * @param {Turn} turn
   * @param {(parts: { api: Api, answer: Answer, signal: AbortSignal, clock: () => number, changed: () => void }) => Promise<void>} task
   */
  async #work(turn, task) {
    const conversation = this.#conversation;
    const controller = new AbortController();
    const running = { controller, startedAt: performance.now(), conversation, turn, isLeft: false };
    this.#running = running;
    this.#composer.running = true;
    document.body.classList.add('grinding');
    this.#isAtEnd = true;
    this.#announcer.textContent = `${turn.answer.model} is answering`;
    this.#frame.ask();
    // The clocks of running steps go on while nothing arrives.
    const ticking = setInterval(() => this.#frame.ask(), 100);
    await task({
      api: this.#api,
      answer: turn.answer,
      signal: running.controller.signal,
      clock: () => performance.now() - running.startedAt,
      changed: () => {
        this.#frame.ask();
        this.#history.storeLater(conversation);
      },
    });
    clearInterval(ticking);
    if (running.isLeft) return;
    this.#running = undefined;
    this.#composer.running = false;
    document.body.classList.remove('grinding');
    this.#history.finish(conversation);
    void this.#countWaiting();
    this.#turns.draw(turn);
    this.#showGraph();
    if (this.#conversation === conversation) this.#announce(turn);
    this.#list.show(this.#conversation.id);
    this.#frame.ask();
  }

  #stop() {
    if (this.#running === undefined) return;
    const { controller, turn } = this.#running;
    const { runId } = turn.answer;
    controller.abort();
    if (runId === undefined) return;
    end(turn.answer, 'stopped', this.#runningMs);
    void this.#api.changeRun(runId, 'cancel').catch(() => undefined);
  }

  /** Stores what has come when the page is reloaded or closed: nothing more will come. */
  #leave() {
    if (this.#running === undefined) return;
    const { conversation, turn, startedAt } = this.#running;
    if (turn.answer.runId !== undefined) {
      this.#history.finish(conversation);
      this.#running.isLeft = true;
      this.#running.controller.abort();
      return;
    }
    turn.answer.problem = INTERRUPTED;
    end(turn.answer, 'stopped', performance.now() - startedAt);
    this.#history.finish(conversation);
    this.#stop();
  }

  #retry() {
    const last = this.#conversation.turns.at(-1);
    if (last !== undefined && this.#running === undefined) void this.#ask(last.question, last);
  }

  #draw() {
    if (this.#running !== undefined) this.#turns.draw(this.#running.turn, performance.now() - this.#running.startedAt);
    this.#showGraph();
    if (this.#isAtEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** @param {Conversation | undefined} conversation undefined for a new one */
  #open(conversation) {
    this.#stop();
    this.#conversation = conversation ?? makeConversation();
    tabStore.set(KEPT_CONVERSATION, this.#conversation.id);
    this.#list.show(this.#conversation.id);
    this.#panels.close();
    this.#reopen();
    const model = this.#conversation.turns.at(-1)?.answer.model;
    if (model !== undefined && model !== this.#chosen?.model)
      void this.#picker.choose(model).then(() => this.#reopen());
    this.#resume();
  }

  /** Shows all turns anew: the names of their steps may be known only now. */
  #reopen() {
    this.#turns.show(this.#conversation.turns, this.#findPlan);
    this.#isAtEnd = true;
    this.#frame.ask();
  }

  /** Another tab has changed or deleted a conversation. @param {string} id */
  #onOtherTab(id) {
    this.#list.show(this.#conversation.id);
    if (id !== this.#conversation.id) return;
    if (this.#history.get(id) === undefined) {
      this.#open(undefined);
      this.#say('The conversation was deleted in another tab.');
      return;
    }
    this.#turns.update(this.#conversation.turns, this.#findPlan);
    this.#showGraph();
    this.#frame.ask();
  }

  /** @param {Answer} answer @returns {Plan} */
  #findPlan = ({ model }) => (model === this.#chosen?.model ? this.#chosen.plan : { steps: [], branches: [] });

  /** What a screen reader says at the end: the answer, once and as a whole. @param {Turn} turn */
  #announce({ answer }) {
    const words = {
      done: 'Answer',
      asking: 'Waits for your answer',
      stopped: 'Stopped. Answer so far',
      failed: 'Failed. Answer so far',
    };
    const { state, content } = answer;
    if (state === 'waiting' || state === 'streaming' || (state === 'failed' && content === '')) return;
    this.#announcer.textContent = `${words[state]}: ${content.slice(0, 4_000)}`;
  }

  /** @param {string} question @param {Chosen} chosen @param {Turn} [replaced] @returns {ChatRequest} */
  #makeRequest(question, { model }, replaced) {
    const { system, values: parameters } = this.#parameters;
    const turns = this.#conversation.turns.filter(({ id }) => id !== replaced?.id);
    return makeChatRequest({ model, system, turns, question, parameters });
  }

  /** Copies what would be sent now, or was sent last if nothing is written. @param {string} form @param {boolean} isResponse */
  #copyAs(form, isResponse) {
    const draft = this.#composer.text;
    if (this.#chosen === undefined) return;
    try {
      const isNew = draft.trim() !== '' || this.#lastRequest === undefined;
      const chat = isNew ? this.#makeRequest(draft.trim() === '' ? 'Hello' : draft, this.#chosen) : this.#lastRequest;
      if (chat === undefined) return;
      const server = { baseUrl: API_URL, hasKey: this.#api.key !== '' };
      if (isResponse) {
        const { request, leftOut } = makeResponseRequest(chat);
        const without = leftOut.length === 0 ? '' : `. Responses do not have ${leftOut.join(', ')}`;
        void this.#copy(COPY_RESPONSE_AS[form]?.({ request, ...server }) ?? '', `Copied as ${form}${without}`);
      } else void this.#copy(COPY_CHAT_AS[form]?.({ request: chat, ...server }) ?? '', `Copied as ${form}`);
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

  /** Shows a message for a short time. @param {string} words */
  #say(words) {
    this.#toast.textContent = words;
    this.#toast.hidden = false;
    this.#announcer.textContent = words;
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => (this.#toast.hidden = true), 4_000);
  }

  #askForKey() {
    this.#panels.show('settings');
    findById('key-group', HTMLDetailsElement).open = true;
    this.#key.focus();
  }

  #useKey() {
    const key = this.#key.value.trim();
    this.#api.key = key;
    this.#inspections.forgetRefusal();
    findById('key-set', HTMLElement).hidden = key === '';
    if (key === '') tabStore.remove(KEPT_KEY);
    else tabStore.set(KEPT_KEY, key);
  }
}

/** @returns {Conversation} */
function makeConversation() {
  return { id: makeId(), changedAt: Date.now(), turns: [] };
}

/** Copies in pages that browsers do not trust, such as those of another machine over http. @param {string} text */
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

/** Marks where the page is. @param {string} id of a link @param {boolean} isCurrent */
function setCurrent(id, isCurrent) {
  const link = findById(id, HTMLElement);
  if (isCurrent) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}

/** @param {Element} element */
function measureDistanceToEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight;
}

void new Page();
