/** @import { Answer, Inspection, Plan } from './types.js' */
/** @import { Inspections } from './inside.js' */
/** @import { Chosen } from './workflow-picker.js' */
import { findById } from './dom.js';
import { GraphView } from './graph-view.js';
import { isOver } from './run-state.js';
import { WaterfallView } from './waterfall.js';

/** Shows the graph of a workflow, and how far an answer is in it. */
export class GraphPanel {
  /** @type {Plan} */
  #plan = { steps: [], branches: [] };
  /** The inside of what is shown, once it is over. @type {{ answer: Answer, inspection: Inspection | undefined } | undefined} */
  #known;
  #graph;
  #waterfall;

  /**
   * @param {Inspections} inspections
   * @param {{ inspect: (path: string) => void, changed: () => void }} listener `changed`: there is more to show
   */
  constructor(inspections, { inspect, changed }) {
    this.inspections = inspections;
    this.changed = changed;
    this.#graph = new GraphView(findById('graph-frame', HTMLElement), inspect);
    this.#waterfall = new WaterfallView(inspect);
  }

  /** @param {Chosen} chosen whose graph is shown */
  showPlan(chosen) {
    this.#plan = chosen.plan;
    findById('graph-title', HTMLElement).textContent = `Graph of ${chosen.model}`;
    findById('parameter-note', HTMLElement).textContent = chosen.takes.includes('sampling')
      ? 'Passed on to the models of visible steps, unless a step has settings of its own.'
      : 'The steps of this workflow have settings of their own, and take none from here.';
    if (chosen.drawing === undefined) this.#graph.fail('The graph cannot be drawn.');
    else this.#graph.draw(chosen.drawing, chosen.plan);
  }

  /** @param {Answer | undefined} answer undefined: the graph alone @param {number} now milliseconds since the answer's request was sent */
  show(answer, now) {
    this.#graph.show(answer);
    const known = this.#known?.answer === answer ? this.#known : undefined;
    this.#waterfall.show(answer, this.#plan, known?.inspection, now);
    if (answer !== undefined && isOver(answer) && known === undefined) void this.#learn(answer);
  }

  /** @param {string} path of a step @returns {string} the name that the page shows */
  findLabel(path) {
    return this.#plan.steps.find((each) => each.path === path)?.label ?? path;
  }

  /** @param {Answer} answer that is over */
  async #learn(answer) {
    this.#known = { answer, inspection: undefined };
    const { inspection } = await this.inspections.read(answer);
    if (this.#known.answer !== answer || inspection === undefined) return;
    this.#known = { answer, inspection };
    this.changed();
  }
}
