import { findById } from './dom.js';
import { browserStore } from './storage.js';

const KEPT = 'millrace-parameters';
const NUMBERS = ['temperature', 'top_p', 'max_completion_tokens', 'seed'];

/** The page sets these parameters itself, so the field for further parameters refuses them. */
const OWN = ['model', 'messages', 'stream', 'stream_options'];

/** The form of the request's parameters. */
export class Parameters {
  #form = findById('parameter-form', HTMLFormElement);
  #system = findById('system', HTMLTextAreaElement);
  #extra = findById('extra', HTMLTextAreaElement);
  #problem = findById('extra-problem', HTMLElement);
  #count = findById('parameter-count', HTMLElement);
  #numbers = NUMBERS.map((id) => findById(id, HTMLInputElement));

  constructor() {
    this.#restore();
    this.#form.addEventListener('input', () => this.#onChange());
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    findById('reset-parameters', HTMLButtonElement).addEventListener('click', () => {
      for (const field of this.#fields()) field.value = '';
      this.#onChange();
    });
    this.#onChange();
  }

  /** Empty for none. */
  get system() {
    return this.#system.value.trim();
  }

  /**
   * The parameters that are set, by their names on the wire.
   * @throws {Error} that says in words what is wrong
   */
  get values() {
    const wrong = this.#numbers.find((input) => !input.validity.valid);
    if (wrong !== undefined) {
      throw new Error(`${wrong.closest('label')?.querySelector('span')?.textContent}: ${wrong.validationMessage}`);
    }
    const numbers = this.#numbers
      .filter(({ value }) => value !== '')
      .map(({ id, valueAsNumber }) => [id, valueAsNumber]);
    return {
      .../** @type {Record<string, unknown>} */ (Object.fromEntries(numbers)),
      ...parseFurther(this.#extra.value),
    };
  }

  /** Shows the field that is wrong. */
  reveal() {
    const field = this.#fields().find((each) => !each.validity.valid) ?? this.#extra;
    const group = field.closest('details');
    if (group !== null) group.open = true;
    field.focus();
  }

  #fields() {
    return [this.#system, ...this.#numbers, this.#extra];
  }

  #onChange() {
    let problem = '';
    try {
      parseFurther(this.#extra.value);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.#problem.textContent = problem;
    this.#extra.setCustomValidity(problem);
    for (const field of this.#fields()) field.setAttribute('aria-invalid', String(!field.validity.valid));
    const set = this.#fields().filter(({ value }) => value.trim() !== '').length;
    this.#count.hidden = set === 0;
    this.#count.textContent = `${set} set`;
    browserStore.set(KEPT, JSON.stringify(Object.fromEntries(this.#fields().map(({ id, value }) => [id, value]))));
  }

  #restore() {
    try {
      const kept = JSON.parse(browserStore.get(KEPT) ?? '{}');
      for (const field of this.#fields()) if (typeof kept[field.id] === 'string') field.value = kept[field.id];
    } catch {
      browserStore.remove(KEPT);
    }
  }
}

/** @param {string} text @returns {Record<string, unknown>} */
function parseFurther(text) {
  if (text.trim() === '') return {};
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('This must be a JSON object, such as {"stop": ["END"]}');
  }
  const own = OWN.find((name) => Object.hasOwn(value, name));
  if (own !== undefined) throw new Error(`The page sets "${own}" itself.`);
  return value;
}
