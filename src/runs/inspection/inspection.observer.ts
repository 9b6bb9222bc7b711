import type { ObserverContent, StepEvent } from '../../engine/index.js';
import { assertNever, type Clock, type JsonValue } from '../../kernel/index.js';
import type { ModelPrices } from '../../models/index.js';
import type { EventLevel } from '../../workflow/index.js';
import type { ObservedEvent, RunObserver } from '../observers/run-observer.js';
import type { InspectionBudget } from './inspection-budget.js';
import type { InspectedCall, InspectedEvent, InspectedSpan, InspectedStep, RunInspection } from './run-inspection.js';

/** What an {@link InspectionObserver} needs. */
interface InspectionParts {
  readonly inspection: RunInspection;
  readonly budget: InspectionBudget;
  readonly prices: ModelPrices;
  readonly clock: Clock;
  /** Called when nothing more comes. */
  readonly onEnd: () => void;
}

/** Records the inputs and outputs of the steps, models and tools of one run. It does nothing per token. */
export class InspectionObserver implements RunObserver {
  readonly wantsContent = true;
  readonly #parts: InspectionParts;
  /** The last of each step, by key. */
  readonly #steps = new Map<string, InspectedStep>();
  /** The model calls, by the key of their step and their number. */
  readonly #calls = new Map<string, InspectedCall>();

  constructor(parts: InspectionParts) {
    this.#parts = parts;
  }

  next(event: ObservedEvent, content: ObserverContent = {}): void {
    const { inspection } = this.#parts;
    switch (event.type) {
      case 'run-started':
        if (event.traceId !== undefined) inspection.traceId = event.traceId;
        break;
      case 'node-started': {
        if (!this.#takeRoom()) break;
        const { node, kind, visible } = event;
        const step: InspectedStep = { node, kind, visible, status: 'running', startedAt: this.#now(), events: [] };
        this.#steps.set(node, step);
        inspection.steps.push(step);
        break;
      }
      case 'step-entered':
        this.#put(event.node, 'input', content.input);
        break;
      case 'step-left':
        this.#put(event.node, 'output', content.output);
        break;
      case 'route-taken': {
        const step = this.#steps.get(event.node);
        if (step !== undefined) step.branch = event.branch;
        break;
      }
      case 'node-finished':
      case 'node-failed': {
        const step = this.#steps.get(event.node);
        if (step === undefined) break;
        step.endedAt = this.#now();
        if (event.type === 'node-finished') {
          step.status = 'completed';
          if (event.usage !== undefined) step.usage = event.usage;
        } else {
          step.status = event.aborted ? 'aborted' : event.recovered ? 'recovered' : 'failed';
          if (!event.aborted) step.error = event.error;
        }
        break;
      }
      case 'run-finished':
      case 'run-failed':
      case 'run-waiting':
      case 'run-retrying':
        this.#end(event);
        break;
      case 'node-progress':
        this.#note(event.node, { name: 'progress' }, { message: event.message });
        break;
      case 'run-resumed':
      case 'run-continued':
      case 'node-restarted':
      case 'model-identified':
      case 'run-left':
        break;
      default:
        this.#takeStepEvent(event);
    }
  }

  #takeStepEvent(event: Exclude<StepEvent, { type: 'model-identified' }>): void {
    const { budget } = this.#parts;
    const { node } = event;
    switch (event.type) {
      case 'model-call-started': {
        const { call, within, provider, model, content } = event;
        this.#add(node, {
          type: 'model-call',
          ...writeWithin(within),
          provider,
          model,
          startedAt: this.#now(),
          ...this.#capture('messages', content?.messages, 'input'),
          ...this.#capture('parameters', content?.parameters, 'input'),
          retries: [],
        });
        this.#noteCall(node, call);
        break;
      }
      case 'model-call-first-token': {
        const call = this.#findCall(node, event.call);
        if (call !== undefined) call.firstTokenAt = this.#now();
        break;
      }
      case 'model-call-retried': {
        const { attempt, delayMs } = event;
        const reason = budget.takeText(event.reason);
        this.#findCall(node, event.call)?.retries.push({ at: this.#now(), attempt, delayMs, reason });
        break;
      }
      case 'model-call-finished': {
        const call = this.#findCall(node, event.call);
        if (call === undefined) break;
        call.endedAt = this.#now();
        call.outcome = event.outcome;
        if (event.failure !== undefined) call.failure = budget.takeText(event.failure);
        if (event.model !== undefined) call.answeredBy = event.model;
        Object.assign(call, this.#capture('output', event.output, 'output'));
        if (event.usage === undefined) break;
        call.usage = event.usage;
        const cost = this.#parts.prices.compute(call, event.model, event.usage);
        if (cost !== undefined) call.cost = cost;
        break;
      }
      case 'agent-retried':
        this.#note(node, { name: 'retry', within: event.within, level: 'WARNING' }, pickAttempt(event));
        break;
      case 'model-fallback': {
        const { from, to, reason, within } = event;
        this.#note(node, { name: 'fallback', within, level: 'WARNING' }, { from, to, reason });
        break;
      }
      case 'repair':
        this.#note(node, { name: 'repair', within: event.within, level: 'WARNING' }, { faults: event.faults });
        break;
      case 'tools-not-run':
        this.#note(node, { name: 'tools-not-run', within: event.within, level: 'WARNING' }, { tools: event.tools });
        break;
      case 'tool-started':
      case 'span-started': {
        const { span, within, input } = event;
        this.#add(node, {
          type: event.type === 'tool-started' ? 'tool' : 'span',
          span,
          ...writeWithin(within),
          name: event.type === 'tool-started' ? event.tool : event.name,
          startedAt: this.#now(),
          ...this.#capture('input', input, 'input'),
        });
        break;
      }
      case 'tool-finished':
      case 'span-ended': {
        const span = this.#findSpan(node, event.span);
        if (span === undefined) break;
        span.endedAt = this.#now();
        if (event.level !== undefined) span.level = event.level;
        const failure = event.type === 'tool-finished' ? event.failure : event.statusMessage;
        if (failure !== undefined) span.failure = budget.takeText(failure);
        Object.assign(span, this.#capture('output', event.output, 'output'));
        break;
      }
      case 'span-event':
        this.#note(node, event, event.data);
        break;
      case 'agent-finished':
        break;
      default:
        assertNever(event);
    }
  }

  #end(event: Extract<ObservedEvent, { type: keyof typeof STATUSES }>): void {
    const { inspection, onEnd } = this.#parts;
    inspection.endedAt = this.#now();
    inspection.status = STATUSES[event.type];
    if (event.type === 'run-failed' || event.type === 'run-retrying') inspection.error = event.error;
    if (event.usage !== undefined) inspection.usage = event.usage;
    onEnd();
  }

  #noteCall(node: string, number: number): void {
    const event = this.#steps.get(node)?.events.at(-1);
    if (event?.type === 'model-call') this.#calls.set(`${node} ${number}`, event);
  }

  #findCall(node: string, number: number): InspectedCall | undefined {
    return this.#calls.get(`${node} ${number}`);
  }

  #findSpan(node: string, number: number | undefined): InspectedSpan | undefined {
    const events = this.#steps.get(node)?.events ?? [];
    return events.find((event): event is InspectedSpan => 'span' in event && event.span === number);
  }

  #note(
    node: string,
    {
      name,
      within,
      level = 'DEFAULT',
    }: { readonly name: string; readonly within?: number | undefined; readonly level?: EventLevel },
    data: unknown,
  ): void {
    this.#add(node, {
      type: 'note',
      ...writeWithin(within),
      name,
      level,
      at: this.#now(),
      ...this.#capture('data', data, 'metadata'),
    });
  }

  #add(node: string, event: InspectedEvent): void {
    if (this.#takeRoom()) this.#steps.get(node)?.events.push(event);
  }

  #put(node: string, field: 'input' | 'output', value: unknown): void {
    const step = this.#steps.get(node);
    if (step !== undefined) Object.assign(step, this.#capture(field, value, field));
  }

  #capture<Name extends string>(
    name: Name,
    value: unknown,
    field: 'input' | 'output' | 'metadata',
  ): { readonly [K in Name]?: JsonValue } {
    const { budget, inspection } = this.#parts;
    const taken = budget.take(value, field);
    inspection.isTruncated = budget.isExceeded;
    return taken === undefined ? {} : ({ [name]: taken } as { [K in Name]: JsonValue });
  }

  #takeRoom(): boolean {
    const { budget, inspection } = this.#parts;
    const hasRoom = budget.takeEvent();
    inspection.isTruncated = budget.isExceeded;
    return hasRoom;
  }

  #now(): number {
    return this.#parts.clock.now();
  }
}

const STATUSES = {
  'run-finished': 'completed',
  'run-failed': 'failed',
  'run-waiting': 'waiting',
  // A retry of the run has an inspection of its own.
  'run-retrying': 'failed',
} as const;

function writeWithin(within: number | undefined): { readonly within?: number } {
  return within === undefined ? {} : { within };
}

function pickAttempt(event: Extract<StepEvent, { type: 'agent-retried' }>): object {
  const { provider, model, attempt, delayMs: delay_ms, reason } = event;
  return { provider, model, attempt, delay_ms, reason };
}
