/** @import { Api } from './api.js' */
/** @import { History } from './history.js' */
/** @import { Answer, Conversation, Turn } from './types.js' */
import { INTERRUPTED } from './problem.js';
import { end } from './run-state.js';

/**
 * @typedef {object} AnsweringListener
 * @property {() => void} changed there is more to show
 * @property {(turn: Turn) => void} began
 * @property {(turn: Turn, conversation: Conversation) => void} finished not called if the page was left before
 */

/** The answer that is being received: at most one at a time. It is stored while it comes. */
export class Answering {
  /** @type {{ controller: AbortController, startedAt: number, conversation: Conversation, turn: Turn, isLeft: boolean } | undefined} */
  #current;

  /** @param {Api} api @param {History} history @param {AnsweringListener} listener */
  constructor(api, history, listener) {
    this.api = api;
    this.history = history;
    this.listener = listener;
  }

  /** @returns {Turn | undefined} the turn that is being answered */
  get turn() {
    return this.#current?.turn;
  }

  /** Milliseconds since the request that is answered was sent; 0: none is. */
  get elapsedMs() {
    return this.#current === undefined ? 0 : performance.now() - this.#current.startedAt;
  }

  /** @param {number} at when the continued run began, in milliseconds since the Unix epoch */
  setStart(at) {
    if (this.#current !== undefined) this.#current.startedAt = performance.now() - Math.max(0, Date.now() - at);
  }

  /**
   * Shows an answer while it comes.
   * @param {Conversation} conversation
   * @param {Turn} turn
   * @param {(parts: { api: Api, answer: Answer, signal: AbortSignal, clock: () => number, changed: () => void }) => Promise<void>} task
   */
  async receive(conversation, turn, task) {
    const { api, history, listener } = this;
    const controller = new AbortController();
    const current = { controller, startedAt: performance.now(), conversation, turn, isLeft: false };
    this.#current = current;
    listener.began(turn);
    // The clocks of running steps continue while nothing arrives.
    const ticking = setInterval(listener.changed, 100);
    await task({
      api,
      answer: turn.answer,
      signal: controller.signal,
      clock: () => performance.now() - current.startedAt,
      changed: () => {
        listener.changed();
        history.storeLater(conversation);
      },
    });
    clearInterval(ticking);
    if (current.isLeft) return;
    this.#current = undefined;
    history.finish(conversation);
    listener.finished(turn, conversation);
  }

  /** Stops the answer, and the run that the server keeps. */
  stop() {
    if (this.#current === undefined) return;
    const { controller, turn } = this.#current;
    const { runId } = turn.answer;
    controller.abort();
    if (runId === undefined) return;
    end(turn.answer, 'stopped', this.elapsedMs);
    void this.api.changeRun(runId, 'cancel').catch(() => undefined);
  }

  /** Stores what has come when the page is reloaded or closed: nothing more will come. */
  leave() {
    const current = this.#current;
    if (current === undefined) return;
    const { conversation, turn } = current;
    if (turn.answer.runId !== undefined) {
      this.history.finish(conversation);
      current.isLeft = true;
      current.controller.abort();
      return;
    }
    turn.answer.problem = INTERRUPTED;
    end(turn.answer, 'stopped', this.elapsedMs);
    this.history.finish(conversation);
    this.stop();
  }
}
