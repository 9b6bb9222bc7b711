/** @import { Reply, Plan, Turn } from './types.js' */
import { ReplyView } from './reply-view.js';
import { findById, el, makeButton } from './dom.js';

/** Shows the turns of a conversation: each question, and its reply. */
export class TurnsView {
  #element = findById('turns', HTMLElement);
  #welcome = findById('welcome', HTMLElement);
  /** By the turn's id, in the order of the turns. @type {Map<string, ReplyView>} */
  #views = new Map();

  /**
   * @param {{
   *   retry: () => void, copy: (text: string, what: string) => void, askForKey: () => void,
   *   inspect: (reply: Reply, path: string) => void,
   *   answerWait: (turn: Turn, name: string, value: unknown) => Promise<void>, edit: (turn: Turn) => void,
   * }} actions
   */
  constructor(actions) {
    this.actions = actions;
  }

  /** @returns {Reply | undefined} the newest one */
  get newest() {
    return [...this.#views.values()].at(-1)?.reply;
  }

  /** Shows all turns anew. @param {readonly Turn[]} turns @param {(reply: Reply) => Plan} findPlan */
  show(turns, findPlan) {
    this.#views.clear();
    this.#element.replaceChildren(...turns.map((turn) => this.#add(turn, findPlan(turn.reply))));
    this.#welcome.hidden = turns.length > 0;
  }

  /**
   * Shows what is new in the turns. What is as it was stays in place.
   * @param {readonly Turn[]} turns
   * @param {(reply: Reply) => Plan} findPlan
   */
  update(turns, findPlan) {
    const known = [...this.#views.keys()];
    if (known.some((id, index) => id !== turns[index]?.id)) {
      this.show(turns, findPlan);
      return;
    }
    for (const turn of turns) {
      const view = this.#views.get(turn.id);
      if (view === undefined) this.#element.append(this.#add(turn, findPlan(turn.reply)));
      else if (view.reply !== turn.reply) {
        view.reply = turn.reply;
        view.show();
      }
    }
    this.#welcome.hidden = turns.length > 0;
  }

  /** Shows what has come. @param {Turn | undefined} turn @param {number} [now] as for {@link ReplyView.show} */
  draw(turn, now) {
    if (turn !== undefined) this.#views.get(turn.id)?.show(now);
  }

  /** @param {Turn} turn @param {Plan} plan */
  #add(turn, plan) {
    const { id, question, reply } = turn;
    const { inspect, answerWait, edit, ...others } = this.actions;
    const view = new ReplyView(reply, plan, {
      ...others,
      inspect: (path) => inspect(view.reply, path),
      answerWait: (name, value) => answerWait(turn, name, value),
    });
    this.#views.set(id, view);
    const asked = el('article', { class: 'question', 'aria-label': 'You' }, el('p', {}, question));
    const label = `Edit this question, and ask it in a conversation of its own: ${question.slice(0, 60)}`;
    const change = makeButton('Edit', () => edit(turn), { class: 'quiet small edit', 'aria-label': label });
    return el('div', { class: 'turn' }, asked, change, view.element);
  }
}
