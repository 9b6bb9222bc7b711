/** @import { Reply, Inspection, Plan } from './types.js' */
/** @import { Inspections } from './inside.js' */
/** @import { Chosen } from './workflow-picker.js' */
import { findById } from './dom.js';
import { GraphView } from './graph-view.js';
import { isOver } from './run-state.js';
import { WaterfallView } from './waterfall.js';

/** Shows the graph of a workflow, and how far a reply is in it. */
export class GraphPanel {
  /** @type {Plan} */
  #plan = { steps: [], branches: [] };
  /**
   * The inside of what is shown, once it is over.
   * @type {{ reply: Reply, inspection: Inspection | undefined } | undefined}
   */
  #known;
  #graph;
  #waterfall;

  /**
   * @param {Inspections} inspections
   * @param {{ inspect: (path: string) => void, onChange: () => void }} listener `onChange`: there is more to show
   */
  constructor(inspections, { inspect, onChange }) {
    this.inspections = inspections;
    this.onChange = onChange;
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

  /**
   * @param {Reply | undefined} reply undefined: the graph alone
   * @param {number} now milliseconds since the reply's request was sent
   */
  show(reply, now) {
    this.#graph.show(reply);
    const known = this.#known?.reply === reply ? this.#known : undefined;
    this.#waterfall.show(reply, this.#plan, known?.inspection, now);
    if (reply !== undefined && isOver(reply) && known === undefined) void this.#learn(reply);
  }

  /** @param {string} path of a step @returns {string} the name that the page shows */
  findLabel(path) {
    return this.#plan.steps.find((each) => each.path === path)?.label ?? path;
  }

  /** @param {Reply} reply that is over */
  async #learn(reply) {
    this.#known = { reply, inspection: undefined };
    const { inspection } = await this.inspections.read(reply);
    if (this.#known.reply !== reply || inspection === undefined) return;
    this.#known = { reply, inspection };
    this.onChange();
  }
}
