import { Injectable } from '@nestjs/common';
import type { ObserverContent, StepEvent } from '../../engine/index.js';
import { assertNever } from '../../kernel/index.js';
import type { ModelName } from '../../models/index.js';
import type { GenerationEnding, GenerationHandle, SpanHandle, TraceHandle } from '../../tracing/index.js';
import type { ModelCallFinished } from '../../workflow/index.js';
import type { ObservedEvent, ObservedRun, RunObserver, RunObserverFactory } from './run-observer.js';

/** Makes the traces of runs: a span for each step, a generation for each call of a model. */
@Injectable()
export class TraceObserverFactory implements RunObserverFactory {
  observe({ trace }: ObservedRun): RunObserver | undefined {
    return trace && new TraceObserver(trace);
  }
}

class TraceObserver implements RunObserver {
  readonly wantsContent = true;
  readonly #trace: TraceHandle;
  /** The steps that are traced, by key. */
  readonly #steps = new Map<string, StepTrace>();

  constructor(trace: TraceHandle) {
    this.#trace = trace;
  }

  next(event: ObservedEvent, content: ObserverContent = {}): void {
    switch (event.type) {
      case 'step-entered': {
        const { node, name, within, workflow } = event;
        const parent = within === undefined ? this.#trace : this.#steps.get(within)?.span;
        const { input } = content;
        const span = parent?.openSpan(name, { input, ...(workflow !== undefined && { metadata: { workflow } }) });
        if (span !== undefined) this.#steps.set(node, new StepTrace(span));
        break;
      }
      case 'step-left': {
        const { type: _type, node, ...ending } = event;
        this.#steps.get(node)?.span.end({ ...ending, ...content });
        break;
      }
      case 'run-left': {
        const { type: _type, finishReason, ...ending } = event;
        const metadata = finishReason && { metadata: { finish_reason: finishReason } };
        this.#trace.end({ ...ending, ...metadata, ...content });
        break;
      }
      case 'run-started':
      case 'run-resumed':
      case 'run-waiting':
      case 'run-continued':
      case 'run-retrying':
      case 'node-restarted':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
      case 'node-finished':
      case 'node-failed':
      case 'run-finished':
      case 'run-failed':
        break;
      default:
        this.#steps.get(event.node)?.take(event);
    }
  }
}

/** The trace of one step, with what agents, tools and authors report. */
class StepTrace {
  readonly span: SpanHandle;
  readonly #spans = new Map<number, SpanHandle>();
  readonly #calls = new Map<number, GenerationHandle>();

  constructor(span: SpanHandle) {
    this.span = span;
  }

  take(event: StepEvent): void {
    switch (event.type) {
      case 'model-call-started': {
        const { call, within, provider, model, content } = event;
        const { messages: input, parameters = {} } = content ?? {};
        this.#calls.set(call, this.#find(within).openGeneration(model, { model, provider, parameters, input }));
        break;
      }
      case 'model-call-first-token':
        this.#calls.get(event.call)?.noteFirstToken();
        break;
      case 'model-call-retried': {
        const { attempt, delayMs, reason } = event;
        this.#calls.get(event.call)?.addEvent('retry', { attempt, delayMs, reason }, 'WARNING');
        break;
      }
      case 'model-call-finished':
        this.#calls.get(event.call)?.end(makeEnding(event));
        this.#calls.delete(event.call);
        break;
      case 'agent-retried': {
        const { attempt, delayMs: delay_ms, reason } = event;
        this.#find(event.within).addEvent('retry', { attempt, delay_ms, reason }, 'WARNING');
        break;
      }
      case 'model-fallback': {
        const { from, to, reason } = event;
        this.#find(event.within).addEvent('fallback', { from: writeName(from), to: writeName(to), reason }, 'WARNING');
        break;
      }
      case 'repair':
        this.#find(event.within).addEvent('repair', { faults: event.faults }, 'WARNING');
        break;
      case 'tools-not-run':
        this.#find(event.within).addEvent('tools_not_run', { tools: event.tools }, 'WARNING');
        break;
      case 'tool-started':
        this.#begin(event.span, event.within, `tool:${event.tool}`, { input: event.input });
        break;
      case 'tool-finished': {
        const { level, failure: statusMessage, output } = event;
        this.#end(event.span, { level, output, ...(statusMessage !== undefined && { statusMessage }) });
        break;
      }
      case 'span-started': {
        const { input, metadata } = event;
        this.#begin(event.span, event.within, event.name, { input, ...(metadata && { metadata }) });
        break;
      }
      case 'span-event':
        this.#find(event.within).addEvent(event.name, event.data, event.level);
        break;
      case 'span-ended': {
        const { type: _type, node: _node, span, ...ending } = event;
        this.#end(span, ending);
        break;
      }
      case 'model-identified':
      case 'agent-finished':
        break;
      default:
        assertNever(event);
    }
  }

  #find(span: number | undefined): SpanHandle {
    return (span === undefined ? undefined : this.#spans.get(span)) ?? this.span;
  }

  #begin(span: number, within: number | undefined, name: string, start: Parameters<SpanHandle['openSpan']>[1]): void {
    this.#spans.set(span, this.#find(within).openSpan(name, start));
  }

  #end(span: number | undefined, ending: Parameters<SpanHandle['end']>[0]): void {
    (span === undefined ? this.span : this.#spans.get(span))?.end(ending);
  }
}

function makeEnding({ outcome, failure, usage, model, output }: ModelCallFinished): GenerationEnding {
  const facts = { ...(usage && { usage }), ...(model !== undefined && { model }), output };
  if (failure !== undefined) return { level: 'ERROR', statusMessage: failure, ...facts };
  if (outcome === 'aborted') return { level: 'WARNING', statusMessage: 'aborted', ...facts };
  return { finishReason: outcome, ...facts };
}

function writeName({ provider, model }: ModelName): string {
  return `${provider}/${model}`;
}
