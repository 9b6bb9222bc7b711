/** @import { Reply, Plan } from './types.js' */
/** @import { StepState } from './step-states.js' */
import { el } from './dom.js';
import { findStepStates } from './step-states.js';

/** Space around the drawing, in its own pixels. */
const MARGIN = 12;

/** Shows the graph of a workflow, and lights up its steps while they run. */
export class GraphView {
  /** @type {SVGSVGElement | undefined} */
  #svg;
  /** @type {Plan} */
  #plan = { steps: [], branches: [] };

  /** @param {HTMLElement} frame @param {(path: string) => void} onOpen of a step */
  constructor(frame, onOpen) {
    this.frame = frame;
    frame.addEventListener('click', ({ target }) => {
      const node = target instanceof Element ? target.closest('[data-node]') : null;
      if (node instanceof SVGGElement && node.dataset['node'] !== undefined) onOpen(node.dataset['node']);
    });
  }

  /** @param {string} drawing an SVG document as the server draws it @param {Plan} plan */
  draw(drawing, plan) {
    this.#plan = plan;
    // The image brings an inline style sheet, which the policy of the page does not allow.
    const text = drawing.replace(/<style>[^]*?<\/style>/, '');
    const { documentElement: root } = new DOMParser().parseFromString(text, 'image/svg+xml');
    // The page has a title and a legend of its own.
    for (const child of Array.from(root.children)) {
      if (!child.classList.contains('mr-drawing') && !['title', 'desc'].includes(child.localName)) child.remove();
    }
    const svg = document.importNode(root, true);
    const part = svg.querySelector('.mr-drawing');
    if (!(svg instanceof SVGSVGElement) || !(part instanceof SVGGElement)) throw new Error('The graph cannot be read.');
    const { width = '0', height = '0' } = part.dataset;
    const size = { width: Number(width) + 2 * MARGIN, height: Number(height) + 2 * MARGIN };
    part.setAttribute('transform', `translate(${MARGIN} ${MARGIN})`);
    svg.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
    svg.setAttribute('width', String(size.width));
    svg.setAttribute('height', String(size.height));
    this.#svg = svg;
    this.frame.replaceChildren(svg);
    this.show(undefined);
  }

  /** @param {string} words */
  fail(words) {
    this.#svg = undefined;
    this.frame.replaceChildren(el('p', { class: 'hint' }, words));
  }

  /** @param {Reply | undefined} reply undefined: nothing has been asked */
  show(reply) {
    if (this.#svg === undefined) return;
    const states = findStepStates(this.#plan, reply);
    /** @type {Map<string, StepState>} */
    const byId = new Map();
    for (const node of this.#svg.querySelectorAll('[data-node], [data-id]')) {
      if (!(node instanceof SVGGElement)) continue;
      const { node: path, id } = node.dataset;
      const state = path === undefined ? this.#endState(node, reply) : states.get(path);
      if (state !== undefined && node.dataset['state'] !== state) node.dataset['state'] = state;
      if (id !== undefined && state !== undefined) byId.set(id, state);
    }
    this.#showEdges(byId);
  }

  /**
   * An arrow is animated once the step before it is done and the step after it has begun.
   * @param {Map<string, StepState>} byId
   */
  #showEdges(byId) {
    const edges = [...(this.#svg?.querySelectorAll('.mr-edge') ?? [])].filter((edge) => edge instanceof SVGGElement);
    // Points where branches meet have no state; they come after the steps that lead to them.
    for (const { dataset } of edges) {
      const { from = '', to = '' } = dataset;
      if (!byId.has(to) && byId.get(from) === 'done') byId.set(to, 'done');
    }
    for (const { dataset } of edges) {
      const [from, to] = [byId.get(dataset['from'] ?? ''), byId.get(dataset['to'] ?? '')];
      const isPassed = (from === 'done' || from === 'failed') && (to === 'done' || to === 'running' || to === 'failed');
      const state = isPassed ? (to === 'running' ? 'running' : 'done') : 'waiting';
      if (dataset['state'] !== state) dataset['state'] = state;
    }
  }

  /**
   * The request counts as done once it was sent, the result once the run has ended.
   * @param {SVGGElement} node
   * @param {Reply | undefined} reply
   * @returns {StepState | undefined} undefined for points where branches meet
   */
  #endState(node, reply) {
    if (node.classList.contains('mr-merge')) return undefined;
    if (reply === undefined) return 'waiting';
    if (node.classList.contains('mr-request')) return 'done';
    const hasResult = reply.lanes.some(({ path }) => path === '');
    if (reply.state === 'done') return 'done';
    return hasResult && reply.state === 'streaming' ? 'running' : 'waiting';
  }
}
