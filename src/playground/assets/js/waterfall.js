/** @import { Reply, InspectedEvent, Inspection, Plan } from './types.js' */
import { html, render } from '../vendor/preact-htm.js';
import { findById } from './dom.js';
import { formatDuration } from './numbers.js';

/**
 * One line of the waterfall. Times are in milliseconds since the run began.
 * @typedef {object} Row
 * @property {string} path of the step
 * @property {string} label
 * @property {'step' | 'model' | 'tool'} kind
 * @property {string} state
 * @property {number} from
 * @property {number} to
 * @property {number} [first] the first token
 */

/** Shows when each step, model call and tool of a run was at work. */
export class WaterfallView {
  #section = findById('waterfall', HTMLElement);
  #rows = findById('waterfall-rows', HTMLElement);
  #drawn = '';

  /** @param {(path: string) => void} onOpen of a step */
  constructor(onOpen) {
    this.onOpen = onOpen;
  }

  /**
   * @param {Reply | undefined} reply @param {Plan} plan @param {Inspection | undefined} inspection
   * @param {number} now milliseconds since the run began, where it goes on
   */
  show(reply, plan, inspection, now) {
    const rows = reply === undefined ? [] : listRows(reply, plan, inspection, now);
    const end = Math.max(1, ...rows.map(({ to }) => to));
    this.#section.hidden = rows.length === 0;
    const drawn = JSON.stringify(rows);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    render(
      rows.map((row, index) => html`<${Bar} key=${index} row=${row} end=${end} onOpen=${this.onOpen} />`),
      this.#rows,
    );
  }
}

/** @param {{ row: Row, end: number, onOpen: (path: string) => void }} props */
function Bar({ row, end, onOpen }) {
  const { path, label, kind, state, from, to, first } = row;
  const words = [
    ...(kind === 'step' ? [] : [kind]),
    state,
    `from ${formatDuration(from)}`,
    ...(first === undefined ? [] : [`first token after ${formatDuration(first - from)}`]),
  ].join(', ');
  const percent = (/** @type {number} */ ms) => Math.round((ms / end) * 1_000) / 10;
  return html`<li data-kind=${kind} data-state=${state}>
    <button type="button" class="waterfall-row" title=${`${label}: ${words}`} onClick=${() => onOpen(path)}>
      <span class="waterfall-name">${label}<span class="visually-hidden">, ${words}</span></span>
      <svg class="waterfall-track" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect x=${percent(from)} y="2" width=${Math.max(0.6, percent(to) - percent(from))} height="6" />
        ${first !== undefined && html`<path d=${`M${percent(first)} 0v10`} />`}
      </svg>
      <span class="waterfall-time">${formatDuration(to - from)}</span>
    </button>
  </li>`;
}

/**
 * @param {Reply} reply
 * @param {Plan} plan
 * @param {Inspection | undefined} inspection
 * @param {number} now
 * @returns {Row[]}
 */
function listRows(reply, plan, inspection, now) {
  const label = (/** @type {string} */ path) => plan.steps.find((step) => step.path === path)?.label ?? path;
  if (inspection === undefined) {
    return reply.lanes
      .filter(({ path }) => path !== '')
      .map(({ path, state, startedMs: from, elapsedMs }) => ({
        path,
        label: label(path),
        kind: 'step',
        state,
        from,
        to: elapsedMs === undefined ? now : from + elapsedMs,
      }));
  }
  const origin = inspection.started_at;
  const end = (inspection.ended_at ?? origin + now) - origin;
  return inspection.steps.flatMap(({ node, status, started_at: from, ended_at: to, events }) => [
    {
      path: node,
      label: label(node),
      kind: /** @type {const} */ ('step'),
      state: status,
      from: from - origin,
      to: to === null ? end : to - origin,
    },
    ...events.flatMap((event) => makeEventRow(event, node, origin, end)),
  ]);
}

/** @param {InspectedEvent} event @param {string} path @param {number} origin @param {number} end @returns {Row[]} */
function makeEventRow(event, path, origin, end) {
  const { type, name = '', model = '', started_at: from, ended_at: to, first_token_at: first, failure } = event;
  if (from === undefined || (type !== 'model-call' && type !== 'tool')) return [];
  return [
    {
      path,
      label: type === 'tool' ? name : model,
      kind: type === 'tool' ? 'tool' : 'model',
      state: failure === undefined ? 'completed' : 'failed',
      from: from - origin,
      to: to == null ? end : to - origin,
      ...(first != null && { first: first - origin }),
    },
  ];
}
