/** @import { Api } from './api.js' */
/** @import { Plan } from './types.js' */
import { findById, el } from './dom.js';
import { makePlan } from './plan.js';
import { describeProblem } from './problem.js';
import { browserStore } from './storage.js';

const KEPT = 'millrace-workflow';

/**
 * What the page knows of the workflow that is chosen.
 * @typedef {object} Chosen
 * @property {string} model its id or alias
 * @property {string} description
 * @property {string[]} takes
 * @property {Plan} plan
 * @property {string | undefined} drawing an SVG document
 */

/** Lets people choose a workflow. */
export class WorkflowPicker {
  #select = findById('workflow', HTMLSelectElement);
  #description = findById('workflow-description', HTMLElement);
  #problem = findById('workflow-problem', HTMLElement);
  /** Resolves when the last choice has been loaded, or cannot be loaded. @type {Promise<void>} */
  settled = Promise.resolve();
  /** @type {Map<string, Chosen>} */
  #known = new Map();

  /**
   * @param {Api} api
   * @param {{ onChoose: (chosen: Chosen) => void, onMissingKey: () => void }} listener
   */
  constructor(api, listener) {
    this.api = api;
    this.listener = listener;
    this.#select.addEventListener('change', () => void this.choose(this.#select.value));
  }

  /** Loads the list, and chooses what was chosen before. */
  async load() {
    await this.#try(async () => {
      const models = await this.api.listModels();
      this.#select.replaceChildren(...models.map((id) => el('option', { value: id }, id)));
      const kept = browserStore.get(KEPT);
      const first = [kept, 'default'].find((id) => id !== null && models.includes(id)) ?? models[0];
      if (first !== undefined) await this.choose(first);
    });
  }

  /** The ids and aliases that can be chosen. */
  get models() {
    return [...this.#select.options].map(({ value }) => value);
  }

  /** What is known of a workflow, whichever is chosen. @param {string} model @returns {Promise<Chosen>} */
  async describe(model) {
    const known = this.#known.get(model) ?? (await this.#describe(model));
    this.#known.set(model, known);
    return known;
  }

  /** @param {string} model @returns {Promise<void>} */
  choose(model) {
    return (this.settled = this.#try(async () => {
      if (![...this.#select.options].some(({ value }) => value === model)) return;
      this.#select.value = model;
      browserStore.set(KEPT, model);
      const chosen = await this.describe(model);
      // The user may have chosen another one meanwhile.
      if (this.#select.value !== model) return;
      this.#description.replaceChildren(...renderCode(chosen.description));
      this.listener.onChoose(chosen);
    }));
  }

  /** @param {string} model @returns {Promise<Chosen>} */
  async #describe(model) {
    const [card, graph, drawing] = await Promise.all([
      this.api.readModel(model),
      this.api.readGraph(model),
      this.api.readDrawing(model).catch(() => undefined),
    ]);
    const { workflow, description, takes } = card.millrace;
    const other = workflow === model ? '' : ` An alias of ${workflow}.`;
    return { model, description: `${description}.${other}`, takes, plan: makePlan(graph), drawing };
  }

  /** @param {() => Promise<void>} task */
  async #try(task) {
    try {
      await task();
      this.#problem.hidden = true;
    } catch (error) {
      const { title, text, needsKey } = describeProblem(error);
      this.#problem.hidden = false;
      this.#problem.textContent = `${title}. ${text}`;
      if (needsKey) this.listener.onMissingKey();
    }
  }
}

/** Turns names between backticks into code elements. @param {string} text */
function renderCode(text) {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : el('code', {}, part)));
}
