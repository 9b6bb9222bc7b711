/** @import { Conversation, Turn } from './types.js' */
import { INTERRUPTED } from './problem.js';
import { end, isOver } from './run-state.js';
import { browserStore } from './storage.js';

/** Each conversation has a key of its own in the browser's storage, so that tabs do not overwrite each other's. */
const PREFIX = 'millrace-conversation:';
/** The one key under which earlier versions of the page kept all conversations. */
const FORMER = 'millrace-conversations';
/**
 * The most conversations that are kept; the oldest are forgotten first. Browsers keep about five million characters for
 * a page.
 */
const MOST = 40;
const MOST_CHARACTERS = 2_000_000;
/** Milliseconds between two writes of a reply that grows; more if writing takes long. */
const PAUSE = 1_000;

/** The conversations of this browser, shared by its tabs. They stay in its local storage, and go nowhere else. */
export class History {
  /** @type {Map<string, Conversation>} */
  #conversations = new Map();
  /** Ids of those that the browser had no room for: only this tab has the newest of them. @type {Set<string>} */
  #unkept = new Set();
  /** The turn whose reply this tab receives. @type {Turn | undefined} */
  #live;
  /** @type {number | undefined} */
  #timer;
  #pause = PAUSE;

  /**
   * @param {{ onChange: (id: string) => void, onFull: () => void }} listener what another tab changed; no room for one
   */
  constructor(listener) {
    this.listener = listener;
    moveFormer();
    for (const id of listKeptIds()) {
      const conversation = readKept(id);
      if (conversation === undefined) continue;
      conversation.turns.forEach(interrupt);
      this.#conversations.set(id, conversation);
    }
    addEventListener('storage', ({ key }) => {
      const ids = key === null ? [...this.#conversations.keys()] : key.startsWith(PREFIX) ? [readId(key)] : [];
      for (const id of ids) this.#onOtherTab(id);
    });
  }

  /** @returns {readonly Conversation[]} the newest first */
  get all() {
    return [...this.#conversations.values()].sort((a, b) => b.changedAt - a.changedAt);
  }

  /** @param {string} id */
  get(id) {
    return this.#conversations.get(id);
  }

  /**
   * Adds a turn whose reply begins now. It replaces another one if its question is asked again.
   * @param {Conversation} conversation @param {Turn} turn @param {Turn} [replaced]
   */
  begin(conversation, turn, replaced) {
    this.#catchUp(conversation);
    conversation.turns = [...conversation.turns.filter(({ id }) => id !== replaced?.id), turn];
    conversation.changedAt = Date.now();
    this.#conversations.set(conversation.id, conversation);
    this.#live = turn;
    this.#write(conversation);
    this.#forgetOldest();
  }

  /**
   * Stores what has come, after a short delay.
   * @param {Conversation} conversation whose newest turn has begun and not ended
   */
  storeLater(conversation) {
    if (this.#timer !== undefined || this.#unkept.has(conversation.id)) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const begun = performance.now();
      this.#keep(conversation);
      this.#pause = Math.max(PAUSE, 30 * (performance.now() - begun));
    }, this.#pause);
  }

  /** A reply of a kept conversation continues. @param {Turn} turn */
  resume(turn) {
    this.#live = turn;
  }

  /** Stores the conversation whose newest turn has its reply. @param {Conversation} conversation */
  finish(conversation) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#keep(conversation);
    this.#live = undefined;
    this.#forgetOldest();
  }

  /** @param {string} id */
  remove(id) {
    this.#conversations.delete(id);
    this.#unkept.delete(id);
    browserStore.remove(PREFIX + id);
  }

  clear() {
    for (const id of new Set([...this.#conversations.keys(), ...listKeptIds()])) this.remove(id);
  }

  /** @param {string} id */
  #onOtherTab(id) {
    const conversation = this.#conversations.get(id);
    if (conversation !== undefined) {
      if (!this.#catchUp(conversation)) this.#conversations.delete(id);
    } else {
      const added = readKept(id);
      if (added !== undefined) this.#conversations.set(id, added);
    }
    this.listener.onChange(id);
  }

  /**
   * Takes what other tabs have written.
   * @param {Conversation} conversation
   * @returns {boolean} false if it is kept nowhere: a tab has deleted it, or it is new
   */
  #catchUp(conversation) {
    if (this.#unkept.has(conversation.id)) return true;
    const kept = readKept(conversation.id);
    if (kept === undefined) return false;
    const own = new Map(conversation.turns.map((turn) => [turn.id, turn]));
    conversation.turns = kept.turns.map((turn) => {
      const mine = own.get(turn.id);
      if (mine === undefined) return turn;
      // This tab has the newest state of the reply that it receives. An interrupted reply changes only if more of it
      // has come.
      const isStill = !isOver(turn.reply) && mine.reply.lastTextMs === turn.reply.lastTextMs;
      return mine === this.#live || (isOver(mine.reply) && isStill) ? mine : turn;
    });
    conversation.changedAt = kept.changedAt;
    return true;
  }

  /** A conversation that was deleted meanwhile stays deleted. @param {Conversation} conversation */
  #keep(conversation) {
    if (this.#conversations.has(conversation.id) && this.#catchUp(conversation)) this.#write(conversation);
  }

  /** @param {Conversation} conversation */
  #write(conversation) {
    const text = JSON.stringify(conversation);
    if (text.length <= MOST_CHARACTERS && browserStore.set(PREFIX + conversation.id, text)) {
      this.#unkept.delete(conversation.id);
    } else if (!this.#unkept.has(conversation.id)) {
      this.#unkept.add(conversation.id);
      this.listener.onFull();
    }
  }

  #forgetOldest() {
    let characters = 0;
    this.all.forEach(({ id }, index) => {
      characters += browserStore.get(PREFIX + id)?.length ?? 0;
      if (index > 0 && (index >= MOST || characters > MOST_CHARACTERS)) this.remove(id);
    });
  }
}

/** Makes the title of a conversation. @param {Conversation} conversation */
export function makeTitle({ turns }) {
  const first = turns[0]?.question.trim().replaceAll(/\s+/g, ' ') ?? '';
  return first === '' ? 'New conversation' : first.length > 60 ? `${first.slice(0, 59).trimEnd()}…` : first;
}

/** Makes an id that is unique in this browser. */
export function makeId() {
  return String(Date.now()) + Math.random().toString(36).slice(2, 8);
}

/** @param {string} key */
function readId(key) {
  return key.slice(PREFIX.length);
}

function listKeptIds() {
  return browserStore
    .keys()
    .filter((key) => key.startsWith(PREFIX))
    .map(readId);
}

/** @param {string} id @returns {Conversation | undefined} undefined if it is not there, or cannot be read */
function readKept(id) {
  const [kept] = parse(`[${browserStore.get(PREFIX + id)}]`);
  return kept?.id === id ? kept : undefined;
}

/** @param {string} text @returns {Conversation[]} none if they cannot be read */
function parse(text) {
  try {
    /** @type {any[]} */
    const kept = JSON.parse(text);
    return kept
      .filter((each) => typeof each?.id === 'string' && Array.isArray(each.turns))
      .map((each) => ({ ...each, turns: each.turns.map(renameAnswer) }));
  } catch {
    return [];
  }
}

/** Earlier versions stored the reply of a turn as `answer`. @param {any} turn @returns {Turn} */
function renameAnswer({ answer, ...turn }) {
  return answer === undefined ? turn : { ...turn, reply: answer };
}

/** Gives each conversation of an earlier version its own place. */
function moveFormer() {
  const text = browserStore.get(FORMER);
  if (text === null) return;
  // The storage may not have room for both.
  browserStore.remove(FORMER);
  for (const { turns, ...rest } of parse(text)) {
    const conversation = { ...rest, turns: turns.map((turn) => ({ ...turn, id: makeId() })) };
    browserStore.set(PREFIX + rest.id, JSON.stringify(conversation));
  }
}

/** Marks a reply as interrupted: the page that asked for it was left. @param {Turn} turn */
function interrupt({ reply }) {
  // A run that the server stores continues.
  if (isOver(reply) || reply.runId !== undefined) return;
  reply.problem = INTERRUPTED;
  end(reply, 'stopped', reply.lastTextMs ?? 0);
}
