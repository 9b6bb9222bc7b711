/** @import { Api } from './api.js' */
/** @import { Reply, Cost, InspectedEvent, InspectedStep, Inspection, Lane, Usage } from './types.js' */
import { html, render } from '../vendor/preact-htm.js';
import { findById } from './dom.js';
import { formatCount, formatDuration } from './numbers.js';
import { ApiError, describeProblem } from './problem.js';
import { isOver } from './run-state.js';
import { Fold, Tree } from './tree.js';

/** Pause between two requests for a run that continues, in milliseconds. */
const PAUSE = 1_000;

/** Shows the input and output of one step of a run, in a dialog beside the conversation. */
export class InsideView {
  #dialog = findById('inside', HTMLDialogElement);
  #body = findById('inside-body', HTMLElement);
  #title = findById('inside-title', HTMLElement);
  /** @type {{ reply: Reply, path: string } | undefined} */
  #shown;
  /** @type {number | undefined} */
  #timer;

  /** @param {Inspections} inspections */
  constructor(inspections) {
    this.inspections = inspections;
    findById('inside-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('close', () => {
      clearTimeout(this.#timer);
      this.#shown = undefined;
      render(null, this.#body);
    });
  }

  /** @param {Reply} reply @param {string} path of the step @param {string} label its name */
  open(reply, path, label) {
    clearTimeout(this.#timer);
    this.#shown = { reply, path };
    this.#title.textContent = label;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#body.scrollTop = 0;
    void this.#show();
  }

  async #show() {
    const shown = this.#shown;
    if (shown === undefined) return;
    const { reply, path } = shown;
    const wasOver = isOver(reply);
    const { inspection, problem } = await this.inspections.read(reply);
    if (this.#shown !== shown) return;
    const lane = reply.lanes.find((each) => each.path === path);
    const steps = inspection?.steps.filter(({ node }) => node === path) ?? [];
    render(html`<${Inside} inspection=${inspection} steps=${steps} lane=${lane} problem=${problem} />`, this.#body);
    if (!wasOver) this.#timer = setTimeout(() => void this.#show(), PAUSE);
  }
}

/** The known inspections of replies. */
export class Inspections {
  /** Of replies that are over, by the ids of their runs. @type {Map<string, Inspection>} */
  #known = new Map();
  /** Why this key may not inspect runs. @type {string | undefined} */
  #refusal;

  /** @param {Api} api */
  constructor(api) {
    this.api = api;
  }

  /** Another key may be allowed to inspect runs. */
  forgetRefusal() {
    this.#refusal = undefined;
  }

  /** @param {Reply} reply @returns {Promise<{ inspection?: Inspection, problem?: string }>} never rejects */
  async read(reply) {
    const id = reply.runId ?? reply.completionId;
    if (id === undefined) return { problem: 'The server has not named this run yet.' };
    const known = this.#known.get(id);
    if (known !== undefined) return { inspection: known };
    if (this.#refusal !== undefined) return { problem: this.#refusal };
    const hasEnded = isOver(reply) && reply.state !== 'asking';
    try {
      const inspection = await this.api.inspect(id);
      if (hasEnded && inspection.ended_at !== null) this.#known.set(id, inspection);
      return { inspection };
    } catch (error) {
      const problem = describeProblem(error).text;
      if (error instanceof ApiError && error.code === 'inspection_disabled') this.#refusal = problem;
      return { problem };
    }
  }
}

/** @param {{ inspection?: Inspection, steps: InspectedStep[], lane?: Lane, problem?: string }} props */
function Inside({ inspection, steps, lane, problem }) {
  return html`
    ${problem !== undefined && html`<p class="hint" role="status">${problem}</p>`}
    ${inspection?.truncated && html`<p class="hint">A run may take only so much room: something is missing here.</p>`}
    ${steps.length === 0 && html`<${LaneFacts} lane=${lane} />`}
    ${steps.map((step, index) => html`<${StepInside} step=${step} attempt=${index + 1} of=${steps.length} />`)}
    ${
      inspection?.trace_id &&
      html`<p class="hint">
        Trace
        ${' '}${
          inspection.trace_url === null
            ? html`<code>${inspection.trace_id}</code>`
            : html`<a href=${inspection.trace_url} target="_blank" rel="noopener noreferrer">${inspection.trace_id}</a>`
        }
      </p>`
    }
  `;
}

/** What the page itself knows. @param {{ lane?: Lane }} props */
function LaneFacts({ lane }) {
  if (lane === undefined) return html`<p class="hint">This step has not run.</p>`;
  return html`<${Facts}
      facts=${[
        ['State', lane.state],
        ['Time', lane.elapsedMs === undefined ? undefined : formatDuration(lane.elapsedMs)],
        ...listUsage(lane.usage, null),
      ]}
    />
    ${lane.content !== '' && html`<${Part} name="Output"><${Tree} value=${lane.content} /><//>`}`;
}

/** @param {{ step: InspectedStep, attempt: number, of: number }} props */
function StepInside({ step, attempt, of }) {
  const { status, started_at: from, ended_at: to, input, output, branch, error, usage, cost, events } = step;
  return html`<section class="inside-step">
    ${of > 1 && html`<h3>Time ${attempt} of ${of}</h3>`}
    <${Facts}
      facts=${[
        ['State', status],
        ['Time', to === null ? undefined : formatDuration(to - from)],
        ['Branch', branch],
        ...listUsage(usage, cost),
      ]}
    />
    ${error !== null && html`<p class="problem">${error.message} <code>${error.code}</code></p>`}
    ${input !== undefined && html`<${Part} name="Input"><${Tree} value=${input} /><//>`}
    ${events.map((event) => html`<${EventInside} event=${event} from=${from} />`)}
    ${output !== undefined && html`<${Part} name="Output" isOpen><${Tree} value=${output} /><//>`}
  </section>`;
}

/** @param {{ event: InspectedEvent, from: number }} props */
function EventInside({ event, from }) {
  if (event.type === 'model-call') return html`<${CallInside} call=${event} from=${from} />`;
  if (event.type === 'note') {
    return html`<div class="inside-note" data-level=${event.level}>
      <p><strong>${event.name}</strong> <span class="hint">after ${formatDuration((event.at ?? from) - from)}</span></p>
      ${event.data !== undefined && html`<${Tree} value=${event.data} />`}
    </div>`;
  }
  const { type, name, input, output, failure, started_at: began = from, ended_at: ended } = event;
  return html`<${Part}
    name=${`${type === 'tool' ? 'Tool' : 'Span'} ${name}`}
    detail=${describeTimes(from, began, ended)}
    isOpen
  >
    ${failure !== undefined && html`<p class="problem">${failure}</p>`}
    ${
      input !== undefined &&
      html`<h5>Arguments</h5>
        <${Tree} value=${input} />`
    }
    ${
      output !== undefined &&
      html`<h5>Result</h5>
        <${Tree} value=${output} />`
    }
  <//>`;
}

/** @param {{ call: InspectedEvent, from: number }} props */
function CallInside({ call, from }) {
  const { provider, model, answered_by: responseModel, messages = [], output, outcome, failure, retries = [] } = call;
  const { started_at: began = from, first_token_at: first, ended_at: ended, usage, cost } = call;
  const { tools, ...parameters } = call.parameters ?? {};
  const isInstructed = messages[0]?.role === 'system';
  return html`<${Part} name=${`Model ${provider}/${model}`} detail=${describeTimes(from, began, ended)} isOpen>
    <${Facts}
      facts=${[
        ['Model of the completion', responseModel === model ? undefined : responseModel],
        ['First token', first == null ? undefined : formatDuration(first - began)],
        ['Outcome', outcome],
        ...listUsage(usage ?? null, cost ?? null),
      ]}
    />
    ${failure !== undefined && html`<p class="problem">${failure}</p>`}
    ${retries.map(
      ({ at, attempt, reason }) =>
        html`<p class="inside-note" data-level="WARNING">
          Attempt ${attempt} failed after ${formatDuration(at - began)}: ${reason}
        </p>`,
    )}
    ${isInstructed && html`<${Part} name="Instructions"><${Tree} value=${messages[0]?.content} /><//>`}
    <${Part} name=${formatCount(messages.length - Number(isInstructed), 'message')}>
      <${Tree} value=${isInstructed ? messages.slice(1) : messages} />
    <//>
    ${Object.keys(parameters).length > 0 && html`<${Part} name="Parameters"><${Tree} value=${parameters} /><//>`}
    ${Array.isArray(tools) && html`<${Part} name=${`${formatCount(tools.length, 'tool')} offered`}><${Tree} value=${tools} /><//>`}
    ${output !== undefined && html`<${Part} name="Completion" isOpen><${Tree} value=${output} /><//>`}
  <//>`;
}

/** @param {{ name: string, detail?: string, isOpen?: boolean, children?: any }} props */
function Part({ name, detail, isOpen = false, children }) {
  const summary = html`${name}${detail !== undefined && html`<span class="hint"> ${detail}</span>`}`;
  return html`<${Fold} class="inside-part" summary=${summary} isOpen=${isOpen}>${children}<//>`;
}

/** @param {{ facts: [string, string | undefined][] }} props */
function Facts({ facts }) {
  const known = facts.filter(([, value]) => value !== undefined);
  if (known.length === 0) return null;
  return html`<dl class="facts">
    ${known.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** @param {Usage | null | undefined} usage @param {Cost | null} cost @returns {[string, string | undefined][]} */
function listUsage(usage, cost) {
  return [
    ['Tokens in', usage?.prompt_tokens.toLocaleString('en')],
    ['Tokens out', usage?.completion_tokens.toLocaleString('en')],
    ['Cost', cost === null ? undefined : formatCost(cost)],
  ];
}

/** Writes what something cost. @param {Cost} cost */
function formatCost({ usd, prices }) {
  const of = /^\d/.test(prices) ? `, prices of ${prices}` : '';
  return `$${usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(4)}${of}`;
}

/** @param {number} from @param {number} began @param {number | null | undefined} ended */
function describeTimes(from, began, ended) {
  const took = ended == null ? 'at work' : formatDuration(ended - began);
  return `after ${formatDuration(began - from)}, ${took}`;
}
