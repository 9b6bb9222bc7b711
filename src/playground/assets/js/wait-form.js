/** @import { JsonSchema, Wait } from './types.js' */
import { html, useState } from '../vendor/preact-htm.js';
import { Tree } from './tree.js';

/**
 * A form for the answer that a run waits for, made from its schema: a field for each property, or JSON if the schema
 * has no properties.
 * @param {{ wait: Wait, onAnswer: (name: string, value: unknown) => Promise<void> }} props
 */
export function WaitForm({ wait, onAnswer }) {
  const { name, shown, schema, expires_at: expiresAt } = wait;
  const fields = listFields(schema);
  const [problem, setProblem] = useState('');
  const [isSending, setSending] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    setSending(true);
    setProblem('');
    try {
      await onAnswer(name, readForm(form, fields));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setSending(false);
  };
  return html`<form class="wait" onSubmit=${submit} aria-label=${`Answer to ${name}`}>
    <h3>Waits for an answer: ${name}</h3>
    ${expiresAt !== null && html`<p class="hint">Until ${new Date(expiresAt * 1_000).toLocaleString()}</p>`}
    <${Tree} value=${shown} />
    ${
      fields === undefined
        ? html`<label class="field wide">
            <span>The answer, as JSON</span>
            <textarea name="json" class="code" rows="4" spellcheck="false" required></textarea>
          </label>`
        : fields.map((field) => html`<${Field} key=${field.name} ...${field} />`)
    }
    ${problem !== '' && html`<p class="problem" role="alert">${problem}</p>`}
    <button type="submit" class="primary" aria-disabled=${isSending}>Answer</button>
  </form>`;
}

/**
 * @typedef {object} FormField
 * @property {string} name
 * @property {JsonSchema} schema
 * @property {boolean} isRequired false: it may be empty
 * @property {boolean} isNull true: empty is written as null
 */

/** @param {FormField} field */
function Field({ name, schema, isRequired }) {
  const { description, title = name, minimum, maximum, default: usual } = schema;
  const type = readType(schema);
  const label = html`<span
    >${title}${isRequired && type !== 'boolean' ? '' : type === 'boolean' ? '' : ' (optional)'}</span
  >`;
  if (type === 'boolean') {
    return html`<label class="field check"
      ><input type="checkbox" name=${name} checked=${usual === true} /> ${title}</label
    >`;
  }
  if (schema.enum !== undefined) {
    return html`<label class="field wide">
      ${label}
      <select name=${name} required=${isRequired}>
        ${!isRequired && html`<option value="">—</option>`}
        ${schema.enum.map((each) => html`<option value=${JSON.stringify(each)}>${String(each)}</option>`)}
      </select>
    </label>`;
  }
  if (type === 'number' || type === 'integer') {
    return html`<label class="field wide">
      ${label}
      <input
        type="number"
        name=${name}
        step=${type === 'integer' ? 1 : 'any'}
        min=${minimum}
        max=${maximum}
        required=${isRequired}
        placeholder=${description}
      />
    </label>`;
  }
  const isJson = type !== 'string';
  return html`<label class="field wide">
    ${label}
    <textarea
      name=${name}
      class=${isJson ? 'code' : ''}
      rows=${isJson ? 3 : 2}
      required=${isRequired}
      placeholder=${description}
    ></textarea>
  </label>`;
}

/** @param {JsonSchema} schema @returns {FormField[] | undefined} undefined if it is of no object with properties */
function listFields({ properties, required = [] }) {
  if (properties === undefined) return undefined;
  return Object.entries(properties).map(([name, schema]) => {
    const isNullable = acceptsNull(schema);
    const mustBeThere = required.includes(name);
    return { name, schema, isRequired: mustBeThere && !isNullable, isNull: mustBeThere && isNullable };
  });
}

/** @param {JsonSchema} schema */
function acceptsNull({ type, anyOf = [] }) {
  return (Array.isArray(type) && type.includes('null')) || anyOf.some((each) => each.type === 'null');
}

/** @param {JsonSchema} schema @returns {string | undefined} */
function readType({ type, enum: values, anyOf = [] }) {
  const others = anyOf.filter((each) => each.type !== 'null');
  if (type === undefined && others.length === 1 && others[0] !== undefined) return readType(others[0]);
  const types = Array.isArray(type) ? type.filter((each) => each !== 'null') : [type];
  return types.length === 1 ? types[0] : values === undefined ? undefined : 'string';
}

/**
 * @param {HTMLFormElement} form
 * @param {FormField[] | undefined} fields
 * @returns {unknown}
 * @throws {Error} that says what is not JSON
 */
function readForm(form, fields) {
  const data = new FormData(form);
  if (fields === undefined) return parse('The answer', readText(data, 'json'));
  /** @type {Record<string, unknown>} */
  const value = {};
  for (const { name, schema, isRequired, isNull } of fields) {
    const type = readType(schema);
    const text = readText(data, name);
    if (type === 'boolean') value[name] = data.has(name);
    else if (text === '' && isNull) value[name] = null;
    else if (text === '' && !isRequired) continue;
    else if (schema.enum !== undefined) value[name] = JSON.parse(text);
    else if (type === 'number' || type === 'integer') value[name] = Number(text);
    else value[name] = type === 'string' ? text : parse(name, text);
  }
  return value;
}

/** @param {FormData} data @param {string} name */
function readText(data, name) {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
}

/** @param {string} name @param {string} text */
function parse(name, text) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${name} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
