/** @import { Answer, Plan, Turn } from './types.js' */
import { AnswerView } from './answer-view.js';
import { findById, el, makeButton } from './dom.js';

/** Shows the turns of a conversation: each question, and its answer. */
export class TurnsView {
  #element = findById('turns', HTMLElement);
  #welcome = findById('welcome', HTMLElement);
  /** By the turn's id, in the order of the turns. @type {Map<string, AnswerView>} */
  #views = new Map();

  /**
   * @param {{ retry: () => void, copy: (text: string, what: string) => void, askForKey: () => void,
   * inspect: (answer: Answer, path: string) => void, reply: (turn: Turn, name: string, value: unknown) => Promise<void>,
   * edit: (turn: Turn) => void }} actions
   */
  constructor(actions) {
    this.actions = actions;
  }

  /** @returns {Answer | undefined} the newest one */
  get newest() {
    return [...this.#views.values()].at(-1)?.answer;
  }

  /** Shows all turns anew. @param {readonly Turn[]} turns @param {(answer: Answer) => Plan} findPlan */
  show(turns, findPlan) {
    this.#views.clear();
    this.#element.replaceChildren(...turns.map((turn) => this.#add(turn, findPlan(turn.answer))));
    this.#welcome.hidden = turns.length > 0;
  }

  /** Shows what is new in the turns. What is as it was stays in place. @param {readonly Turn[]} turns @param {(answer: Answer) => Plan} findPlan */
  update(turns, findPlan) {
    const known = [...this.#views.keys()];
    if (known.some((id, index) => id !== turns[index]?.id)) {
      this.show(turns, findPlan);
      return;
    }
    for (const turn of turns) {
      const view = this.#views.get(turn.id);
      if (view === undefined) this.#element.append(this.#add(turn, findPlan(turn.answer)));
      else if (view.answer !== turn.answer) {
        view.answer = turn.answer;
        view.show();
      }
    }
    this.#welcome.hidden = turns.length > 0;
  }

  /** Shows what has come. @param {Turn | undefined} turn @param {number} [now] as for {@link AnswerView.show} */
  draw(turn, now) {
    if (turn !== undefined) this.#views.get(turn.id)?.show(now);
  }

  /** @param {Turn} turn @param {Plan} plan */
  #add(turn, plan) {
    const { id, question, answer } = turn;
    const { inspect, reply, edit, ...others } = this.actions;
    const view = new AnswerView(answer, plan, {
      ...others,
      inspect: (path) => inspect(view.answer, path),
      reply: (name, value) => reply(turn, name, value),
    });
    this.#views.set(id, view);
    const asked = el('article', { class: 'question', 'aria-label': 'You' }, el('p', {}, question));
    const label = `Edit this question, and ask it in a conversation of its own: ${question.slice(0, 60)}`;
    const change = makeButton('Edit', () => edit(turn), { class: 'quiet small edit', 'aria-label': label });
    return el('div', { class: 'turn' }, asked, change, view.element);
  }
}
