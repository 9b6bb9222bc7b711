/** @import { Reply, ChatRequest, Conversation, Plan, Turn } from './types.js' */
/** @import { RunsListener } from './runs-view.js' */
/** @import { Chosen } from './workflow-picker.js' */
import { readAddress, showPart } from './address.js';
import { CurrentReply } from './current-reply.js';
import { Api, API_URL } from './api.js';
import { makeChatRequest } from './chat-request.js';
import { CompareView } from './compare-view.js';
import { Composer } from './composer.js';
import { writeRequestAs } from './copy-as.js';
import { makeButton, findById, el } from './dom.js';
import { Frame } from './frame.js';
import { GraphPanel } from './graph-panel.js';
import { HistoryList } from './history-list.js';
import { History, makeId } from './history.js';
import { Inspections, InsideView } from './inside.js';
import { KeyField } from './key-field.js';
import { setUpMenu } from './menu.js';
import { Notices } from './notices.js';
import { Panels } from './panels.js';
import { Parameters } from './parameters.js';
import { followRun, runRequest } from './run.js';
import { isOver, makeReply } from './run-state.js';
import { RunsView } from './runs-view.js';
import { Scroller } from './scroller.js';
import { tabStore } from './storage.js';
import { setUpThemeButton } from './theme.js';
import { TurnsView } from './turns-view.js';
import { WorkflowPicker } from './workflow-picker.js';

const KEPT_CONVERSATION = 'millrace-conversation';
const STARTERS = ['Hello, how are you?', 'What is 17 * 23?', 'Where is the invoice for my order?'];

/** The page: connects its parts. */
class Page {
  #api = new Api();
  #history = new History({
    onChange: (id) => this.#onOtherTab(id),
    onFull: () =>
      this.#notices.say(
        'The browser has no room for this conversation: it is kept only until this tab is closed. Delete others.',
      ),
  });
  #panels = new Panels();
  #parameters = new Parameters();
  #notices = new Notices();
  #inspections = new Inspections(this.#api);
  #inside = new InsideView(this.#inspections);
  #graph = new GraphPanel(this.#inspections, {
    inspect: (path) => this.#inspect(this.#shown, path),
    onChange: () => this.#frame.ask(),
  });
  #turns = new TurnsView({
    retry: () => this.#retry(),
    copy: (text, what) => void this.#notices.copy(text, what),
    askForKey: () => this.#askForKey(),
    inspect: (reply, path) => this.#inspect(reply, path),
    answerWait: (turn, name, value) => this.#answerWait(turn, name, value),
    edit: (turn) => this.#edit(turn),
  });
  #scroller = new Scroller();
  #key = new KeyField(this.#api, () => {
    this.#inspections.forgetRefusal();
    void this.#picker.load();
  });
  #composer = new Composer({ send: (text) => void this.#ask(text), stop: () => this.#currentReply.stop() });
  #picker = new WorkflowPicker(this.#api, {
    onChoose: (chosen) => this.#choose(chosen),
    onMissingKey: () => this.#askForKey(),
  });
  #list = new HistoryList(this.#history, {
    open: (id) => this.#open(this.#history.get(id)),
    onRemove: (id) => {
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
    onShow: (chosen, reply) => {
      if (chosen !== undefined) this.#showPlan(chosen);
      this.#shownRun = reply;
      this.#frame.ask();
    },
    copy: (text, what) => void this.#notices.copy(text, what),
    askForKey: () => this.#askForKey(),
    inspect: (reply, path) => this.#inspect(reply, path),
  };
  #runs = new RunsView(this.#api, this.#listener);
  #compare = new CompareView(this.#api, this.#listener);
  /** The run that is shown in place of the conversation. @type {Reply | undefined} */
  #shownRun;
  /** @type {Chosen | undefined} */
  #chosen;
  /** @type {Conversation} */
  #conversation = makeConversation();
  #currentReply = new CurrentReply(this.#api, this.#history, {
    onChange: () => this.#frame.ask(),
    onBegin: ({ reply }) => {
      this.#setRunning(true);
      this.#scroller.returnToEnd();
      this.#notices.announce(`${reply.model} is replying`);
      this.#frame.ask();
    },
    onEnd: (turn, conversation) => {
      this.#setRunning(false);
      void this.#countWaiting();
      this.#turns.draw(turn);
      this.#showGraph();
      if (this.#conversation === conversation) this.#notices.announceEnd(turn.reply);
      this.#list.show(this.#conversation.id);
      this.#frame.ask();
    },
  });
  /** @type {ChatRequest | undefined} */
  #lastRequest;
  #frame = new Frame(() => this.#draw());

  constructor() {
    setUpThemeButton(findById('theme', HTMLButtonElement));
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
      if (event.key === 'Escape' && !findById('inside', HTMLDialogElement).open && !this.#panels.close())
        this.#currentReply.stop();
    });
    document.addEventListener('copy-code', (event) => {
      if (event instanceof CustomEvent) void this.#notices.copy(event.detail, 'Copied');
    });
    addEventListener('pagehide', () => this.#currentReply.leave());
    // A page that comes from the browser's back/forward cache has lost its connection.
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

  /** Shows the number of waiting runs beside the link to them. */
  async #countWaiting() {
    const count = await this.#api.countWaiting();
    findById('to-runs', HTMLElement).textContent =
      count === 0 ? 'Runs' : `Runs (${count} ${count === 1 ? 'waits' : 'wait'})`;
  }

  get #isAtRuns() {
    return readAddress().part === 'runs';
  }

  /** Shows what the address names: the conversation, two replies side by side, the list of runs, or one of them. */
  #route() {
    const { part, runId } = readAddress();
    showPart(part);
    this.#panels.close();
    void this.#countWaiting();
    if (part === 'compare')
      void this.#picker.settled.then(() => this.#compare.show(this.#chosen?.model ?? '', this.#composer.text));
    else this.#compare.hide();
    if (part === 'runs') this.#runs.show(runId);
    else {
      this.#runs.hide();
      if (this.#chosen !== undefined) this.#showPlan(this.#chosen);
      this.#frame.ask();
    }
  }

  /** The reply that the graph shows. */
  get #shown() {
    if (this.#isAtRuns) return this.#shownRun;
    const reply = this.#turns.newest;
    return reply?.model === this.#chosen?.model ? reply : undefined;
  }

  /** Looks into a step. @param {Reply | undefined} reply undefined: nothing was asked @param {string} path */
  #inspect(reply, path) {
    if (reply === undefined) {
      this.#notices.say('Send a message first: then there is something to see inside this step.');
      return;
    }
    this.#inside.open(reply, path, this.#graph.findLabel(path));
  }

  /** Answers a wait of a run, and continues it. @param {Turn} turn @param {string} name @param {unknown} value */
  async #answerWait(turn, name, value) {
    const { runId } = turn.reply;
    if (runId === undefined) return;
    await this.#api.answerWait(runId, name, value);
    if (this.#currentReply.turn === undefined) void this.#follow(turn, runId);
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
    this.#graph.showPlan(chosen);
    this.#showGraph();
  }

  /** The graph shows the newest reply if that is of the workflow chosen. */
  #showGraph() {
    const now = this.#isAtRuns ? (this.#runs.now ?? 0) : this.#currentReply.elapsedMs;
    this.#graph.show(this.#shown, now);
  }

  /** Sends a message. @param {string} question @param {Turn} [replaced] the turn in which it was asked before */
  async #ask(question, replaced) {
    // A quick user may choose a workflow and send a message before its description has arrived.
    await this.#picker.settled;
    const chosen = this.#chosen;
    if (chosen === undefined || this.#currentReply.turn !== undefined) return;
    let request;
    try {
      request = this.#makeRequest(question, chosen, replaced);
    } catch (error) {
      this.#notices.say(error instanceof Error ? error.message : String(error));
      this.#panels.show('settings');
      this.#parameters.reveal();
      return;
    }
    this.#composer.text = '';
    this.#composer.focus();
    this.#panels.close();
    await this.#run({ id: makeId(), question, reply: makeReply(chosen.model) }, request, chosen, replaced);
  }

  /** @param {Turn} turn @param {ChatRequest} request @param {Chosen} chosen @param {Turn} [replaced] */
  async #run(turn, request, { plan }, replaced) {
    this.#lastRequest = request;
    this.#history.begin(this.#conversation, turn, replaced);
    this.#turns.update(this.#conversation.turns, this.#findPlan);
    this.#list.show(this.#conversation.id);
    await this.#currentReply.receive(this.#conversation, turn, (parts) => runRequest({ ...parts, request, plan }));
  }

  /** Follows a run that the server stores. @param {Turn} turn @param {string} id */
  async #follow(turn, id) {
    const chosen = await this.#picker.describe(turn.reply.model).catch(() => undefined);
    const plan = chosen?.plan ?? { steps: [], branches: [] };
    this.#history.resume(turn);
    const onBegin = (/** @type {number} */ at) => this.#currentReply.setStart(at);
    await this.#currentReply.receive(this.#conversation, turn, (parts) => followRun({ ...parts, id, plan, onBegin }));
  }

  /** Follows the reply that was being received when the page was left. */
  #resume() {
    const turn = this.#conversation.turns.at(-1);
    if (turn?.reply.runId === undefined || isOver(turn.reply) || this.#currentReply.turn !== undefined) return;
    void this.#follow(turn, turn.reply.runId);
  }

  /** @param {boolean} isRunning */
  #setRunning(isRunning) {
    this.#composer.running = isRunning;
    document.body.classList.toggle('grinding', isRunning);
  }

  #retry() {
    const last = this.#conversation.turns.at(-1);
    if (last !== undefined && this.#currentReply.turn === undefined) void this.#ask(last.question, last);
  }

  #draw() {
    this.#turns.draw(this.#currentReply.turn, this.#currentReply.elapsedMs);
    this.#showGraph();
    this.#scroller.follow();
  }

  /** @param {Conversation | undefined} conversation undefined for a new one */
  #open(conversation) {
    this.#currentReply.stop();
    this.#conversation = conversation ?? makeConversation();
    tabStore.set(KEPT_CONVERSATION, this.#conversation.id);
    this.#list.show(this.#conversation.id);
    this.#panels.close();
    this.#reopen();
    const model = this.#conversation.turns.at(-1)?.reply.model;
    if (model !== undefined && model !== this.#chosen?.model)
      void this.#picker.choose(model).then(() => this.#reopen());
    this.#resume();
  }

  /** Shows all turns anew: the names of their steps may be known only now. */
  #reopen() {
    this.#turns.show(this.#conversation.turns, this.#findPlan);
    this.#scroller.returnToEnd();
    this.#frame.ask();
  }

  /** Another tab has changed or deleted a conversation. @param {string} id */
  #onOtherTab(id) {
    this.#list.show(this.#conversation.id);
    if (id !== this.#conversation.id) return;
    if (this.#history.get(id) === undefined) {
      this.#open(undefined);
      this.#notices.say('The conversation was deleted in another tab.');
      return;
    }
    this.#turns.update(this.#conversation.turns, this.#findPlan);
    this.#showGraph();
    this.#frame.ask();
  }

  /** @param {Reply} reply @returns {Plan} */
  #findPlan = ({ model }) => (model === this.#chosen?.model ? this.#chosen.plan : { steps: [], branches: [] });

  /** @param {string} question @param {Chosen} chosen @param {Turn} [replaced] @returns {ChatRequest} */
  #makeRequest(question, { model }, replaced) {
    const { system, values: parameters } = this.#parameters;
    const turns = this.#conversation.turns.filter(({ id }) => id !== replaced?.id);
    return makeChatRequest({ model, system, turns, question, parameters });
  }

  /**
   * Copies what would be sent now, or was sent last if nothing is written.
   * @param {string} form
   * @param {boolean} isResponse
   */
  #copyAs(form, isResponse) {
    const draft = this.#composer.text;
    if (this.#chosen === undefined) return;
    try {
      const isNew = draft.trim() !== '' || this.#lastRequest === undefined;
      const chat = isNew ? this.#makeRequest(draft.trim() === '' ? 'Hello' : draft, this.#chosen) : this.#lastRequest;
      if (chat === undefined) return;
      const server = { baseUrl: API_URL, hasKey: this.#api.key !== '' };
      const { text, note } = writeRequestAs(form, { chat, isResponse, ...server });
      void this.#notices.copy(text, `Copied as ${form}${note}`);
    } catch (error) {
      this.#notices.say(error instanceof Error ? error.message : String(error));
      this.#parameters.reveal();
    }
  }

  #askForKey() {
    this.#panels.show('settings');
    this.#key.ask();
  }
}

/** @returns {Conversation} */
function makeConversation() {
  return { id: makeId(), changedAt: Date.now(), turns: [] };
}

void new Page();
