/** @import { Answer, Conversation } from './types.js' */
import { end } from './run-state.js';

const KEPT = 'millrace-conversations';
/** More than these are forgotten, the oldest first; browsers keep about five million characters for a page. */
const MOST = 40;
const MOST_CHARACTERS = 2_000_000;

/** The conversations of this browser, the newest first. They stay in its local storage, and go nowhere else. */
export class History {
  /** @type {Conversation[]} */
  #conversations = read();

  /** @returns {readonly Conversation[]} */
  get all() {
    return this.#conversations;
  }

  /** @param {string} id */
  get(id) {
    return this.#conversations.find((conversation) => conversation.id === id);
  }

  /** @param {Conversation} conversation */
  keep(conversation) {
    this.#conversations = [conversation, ...this.#conversations.filter(({ id }) => id !== conversation.id)].slice(
      0,
      MOST,
    );
    this.#write();
  }

  /** @param {string} id */
  remove(id) {
    this.#conversations = this.#conversations.filter((conversation) => conversation.id !== id);
    this.#write();
  }

  clear() {
    this.#conversations = [];
    localStorage.removeItem(KEPT);
  }

  #write() {
    let text = JSON.stringify(this.#conversations);
    while (text.length > MOST_CHARACTERS && this.#conversations.length > 1) {
      this.#conversations.pop();
      text = JSON.stringify(this.#conversations);
    }
    try {
      localStorage.setItem(KEPT, text);
    } catch {
      // The browser's room is used up: this tab still has all of them.
    }
  }
}

/** What a conversation is called. @param {Conversation} conversation */
export function titleOf({ turns }) {
  const first = turns[0]?.question.trim().replaceAll(/\s+/g, ' ') ?? '';
  return first === '' ? 'New conversation' : first.length > 60 ? `${first.slice(0, 59).trimEnd()}…` : first;
}

/** @returns {Conversation[]} none if what was kept cannot be read */
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? '[]');
    if (!Array.isArray(kept)) return [];
    const conversations = kept.filter((each) => typeof each?.id === 'string' && Array.isArray(each.turns));
    for (const { turns } of conversations)
      for (const { answer } of turns) if (isRunning(answer)) end(answer, 'stopped', answer.lastTextMs ?? 0);
    return conversations;
  } catch {
    return [];
  }
}

/** A page that was closed has stopped what it had asked for. @param {Answer} answer */
function isRunning({ state }) {
  return state === 'waiting' || state === 'streaming';
}
