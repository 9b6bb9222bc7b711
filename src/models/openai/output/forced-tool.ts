import type { Delta, ToolCallDelta } from '../../../streaming/index.js';
import type { ModelCall, ModelParameters } from '../../chat-model.js';
import type { FinishReason } from '../../finish-reason.js';
import type { Capabilities } from '../capabilities.js';
import type { OutputFilter } from './output-filter.js';
import { JsonTextFilter } from './json-text.js';
import type { OutputFormat, SentSchema } from './output-format.js';

/** Offers the schema as a tool that the model must call. If the call has other tools, the model must call any one of them. */
export function forceTool(
  call: ModelCall,
  { name, description, strict }: OutputFormat,
  schema: SentSchema,
  { parallelToolCalls }: Pick<Capabilities, 'parallelToolCalls'>,
): { readonly call: ModelCall; readonly toolName: string } {
  const { response_format: _, tool_choice: choice, ...parameters } = call.parameters;
  const tools = choice === 'none' ? [] : readTools(parameters);
  const toolName = findFreeName(name, tools);
  const tool = {
    type: 'function',
    function: {
      name: toolName,
      description: description ?? 'Gives the answer. Call this once, with the whole answer.',
      parameters: schema,
      ...(strict && { strict }),
    },
  };
  const isOwn = typeof choice === 'object' && choice !== null;
  return {
    toolName,
    call: {
      ...call,
      parameters: {
        ...parameters,
        tools: [...tools, tool],
        tool_choice: isOwn
          ? choice
          : tools.length > 0
            ? 'required'
            : { type: 'function', function: { name: toolName } },
        ...(tools.length === 0 && parallelToolCalls && { parallel_tool_calls: false }),
      },
    },
  };
}

/**
 * Makes the arguments of the first call of the output tool the content. Other text is dropped; if the model calls no tool at
 * all, its text is used.
 */
export class ForcedToolFilter implements OutputFilter {
  /** Never done, because the finish reason may change, too. */
  readonly isDone = false;
  readonly #toolName: string;
  /** The text so far, which is used only if no tool is called. */
  #said = new JsonTextFilter({ isArray: false, isTrusting: false });
  #saidDeltas: Delta[] = [];
  /** For each index of the upstream: the new index, or what happens to the call. */
  readonly #calls = new Map<number, number | 'output' | 'dropped'>();
  #others = 0;
  #hasOutput = false;

  constructor(toolName: string) {
    this.#toolName = toolName;
  }

  read(delta: Delta, out: Delta[]): void {
    if (delta.type === 'tool-call') this.#readCall(delta, out);
    else if (delta.type === 'content') this.#said.read(delta, this.#saidDeltas);
    else out.push(delta);
  }

  end(finishReason: FinishReason, out: Delta[]): FinishReason {
    if (this.#calls.size === 0) {
      this.#said.end(finishReason, this.#saidDeltas);
      for (const delta of this.#saidDeltas) out.push(delta);
    }
    return finishReason === 'tool_calls' && this.#others === 0 ? 'stop' : finishReason;
  }

  #readCall(delta: ToolCallDelta, out: Delta[]): void {
    const place = this.#findPlace(delta);
    if (place === 'output') {
      if (delta.arguments !== '') out.push({ type: 'content', text: delta.arguments });
    } else if (place !== 'dropped') {
      out.push(place === delta.index ? delta : { ...delta, index: place });
    }
  }

  #findPlace({ index, name }: ToolCallDelta): number | 'output' | 'dropped' {
    const known = this.#calls.get(index);
    if (known !== undefined) return known;
    const isOutput = name === this.#toolName;
    const place = !isOutput ? this.#others++ : this.#hasOutput ? 'dropped' : 'output';
    this.#hasOutput ||= isOutput;
    this.#calls.set(index, place);
    return place;
  }
}

function readTools({ tools }: ModelParameters): readonly unknown[] {
  return Array.isArray(tools) ? tools : [];
}

/** Finds a name that no tool of the call has. */
function findFreeName(name: string, tools: readonly unknown[]): string {
  const taken = tools.map((tool) => (tool as { function?: { name?: unknown } } | null)?.function?.name);
  return taken.includes(name) ? findFreeName(`${name.slice(0, 57)}_output`, tools) : name;
}
