import { assertNever } from '../kernel/index.js';
import type { ModelName } from '../models/index.js';
import type { GenerationEnding, GenerationHandle, SpanHandle } from '../tracing/index.js';
import type { AgentEvent, ModelCallFinished } from '../workflow/index.js';

/** Traces what agents, tools and authors tell of one step: model calls as generations, the rest as spans and events. */
export class AgentTrace {
  readonly #step: SpanHandle;
  readonly #spans = new Map<number, SpanHandle>();
  readonly #calls = new Map<number, GenerationHandle>();

  /** @param step the span of the step */
  constructor(step: SpanHandle) {
    this.#step = step;
  }

  take(event: AgentEvent): void {
    switch (event.type) {
      case 'model-call-started': {
        const { call, within, provider, model, content } = event;
        const { messages: input, parameters = {} } = content ?? {};
        this.#calls.set(call, this.#find(within).generation(model, { model, provider, parameters, input }));
        break;
      }
      case 'model-call-first-token':
        this.#calls.get(event.call)?.firstToken();
        break;
      case 'model-call-retried': {
        const { attempt, delayMs, reason } = event;
        this.#calls.get(event.call)?.event('retry', { attempt, delayMs, reason }, 'WARNING');
        break;
      }
      case 'model-call-finished':
        this.#calls.get(event.call)?.end(describeEnding(event));
        this.#calls.delete(event.call);
        break;
      case 'agent-retried': {
        const { attempt, delayMs: delay_ms, reason } = event;
        this.#find(event.within).event('retry', { attempt, delay_ms, reason }, 'WARNING');
        break;
      }
      case 'model-fallback': {
        const { from, to, reason } = event;
        this.#find(event.within).event('fallback', { from: writeName(from), to: writeName(to), reason }, 'WARNING');
        break;
      }
      case 'repair':
        this.#find(event.within).event('repair', { faults: event.faults }, 'WARNING');
        break;
      case 'tools-not-run':
        this.#find(event.within).event('tools_not_run', { tools: event.tools }, 'WARNING');
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
        this.#find(event.within).event(event.name, event.data, event.level);
        break;
      case 'span-ended': {
        const { type: _, span, ...ending } = event;
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
    return (span === undefined ? undefined : this.#spans.get(span)) ?? this.#step;
  }

  #begin(span: number, within: number | undefined, name: string, start: Parameters<SpanHandle['span']>[1]): void {
    this.#spans.set(span, this.#find(within).span(name, start));
  }

  #end(span: number | undefined, ending: Parameters<SpanHandle['end']>[0]): void {
    (span === undefined ? this.#step : this.#spans.get(span))?.end(ending);
  }
}

function describeEnding({ outcome, failure, usage, model, output }: ModelCallFinished): GenerationEnding {
  const facts = { ...(usage && { usage }), ...(model !== undefined && { model }), output };
  if (failure !== undefined) return { level: 'ERROR', statusMessage: failure, ...facts };
  if (outcome === 'aborted') return { level: 'WARNING', statusMessage: 'aborted', ...facts };
  return { finishReason: outcome, ...facts };
}

function writeName({ provider, model }: ModelName): string {
  return `${provider}/${model}`;
}
