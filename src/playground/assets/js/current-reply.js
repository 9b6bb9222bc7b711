/** @import { Api } from './api.js' */
/** @import { History } from './history.js' */
/** @import { Reply, Conversation, Turn } from './types.js' */
import { INTERRUPTED } from './problem.js';
import { end } from './run-state.js';

/**
 * @typedef {object} ReplyListener
 * @property {() => void} onChange there is more to show
 * @property {(turn: Turn) => void} onBegin
 * @property {(turn: Turn, conversation: Conversation) => void} onEnd not called if the page was left before its end
 */

/** The reply that is being received: at most one at a time. It is stored while it comes. */
export class CurrentReply {
  /**
   * @type {{
   *   controller: AbortController, startedAt: number, conversation: Conversation, turn: Turn, isLeft: boolean,
   * } | undefined}
   */
  #current;

  /** @param {Api} api @param {History} history @param {ReplyListener} listener */
  constructor(api, history, listener) {
    this.api = api;
    this.history = history;
    this.listener = listener;
  }

  /** @returns {Turn | undefined} the turn whose reply is being received */
  get turn() {
    return this.#current?.turn;
  }

  /** Milliseconds since the request of this reply was sent; 0 if no reply is being received. */
  get elapsedMs() {
    return this.#current === undefined ? 0 : performance.now() - this.#current.startedAt;
  }

  /** @param {number} at when the continued run began, in milliseconds since the Unix epoch */
  setStart(at) {
    if (this.#current !== undefined) this.#current.startedAt = performance.now() - Math.max(0, Date.now() - at);
  }

  /**
   * Shows a reply while it comes.
   * @param {Conversation} conversation
   * @param {Turn} turn
   * @param {(parts: {
   *   api: Api, reply: Reply, signal: AbortSignal, clock: () => number, onChange: () => void,
   * }) => Promise<void>} task
   */
  async receive(conversation, turn, task) {
    const { api, history, listener } = this;
    const controller = new AbortController();
    const current = { controller, startedAt: performance.now(), conversation, turn, isLeft: false };
    this.#current = current;
    listener.onBegin(turn);
    // The clocks of running steps continue while nothing arrives.
    const ticking = setInterval(listener.onChange, 100);
    await task({
      api,
      reply: turn.reply,
      signal: controller.signal,
      clock: () => performance.now() - current.startedAt,
      onChange: () => {
        listener.onChange();
        history.storeLater(conversation);
      },
    });
    clearInterval(ticking);
    if (current.isLeft) return;
    this.#current = undefined;
    history.finish(conversation);
    listener.onEnd(turn, conversation);
  }

  /** Stops the reply, and the run that the server keeps. */
  stop() {
    if (this.#current === undefined) return;
    const { controller, turn } = this.#current;
    const { runId } = turn.reply;
    controller.abort();
    if (runId === undefined) return;
    end(turn.reply, 'stopped', this.elapsedMs);
    void this.api.changeRun(runId, 'cancel').catch(() => undefined);
  }

  /** Stores what has come when the page is reloaded or closed: nothing more will come. */
  leave() {
    const current = this.#current;
    if (current === undefined) return;
    const { conversation, turn } = current;
    if (turn.reply.runId !== undefined) {
      this.history.finish(conversation);
      current.isLeft = true;
      current.controller.abort();
      return;
    }
    turn.reply.problem = INTERRUPTED;
    end(turn.reply, 'stopped', this.elapsedMs);
    this.history.finish(conversation);
    this.stop();
  }
}
