import type { Message } from '../../models/index.js';
import type { CompiledWorkflow } from '../../workflow/index.js';
import type { CallOutput } from '../wire/index.js';

type WaitingWorkflow = Pick<CompiledWorkflow, 'waits' | 'takes'>;

/**
 * The outputs of calls after the assistant's last message: answers to the waits of a run. Outputs that answer no wait
 * are ignored if the workflow also forwards the client's tools.
 * @returns undefined if there are none, or the workflow has no waits: the request begins a run
 */
export function findCallOutputs(
  messages: readonly Message[],
  { waits, takes }: WaitingWorkflow,
): readonly CallOutput[] | undefined {
  if (waits.length === 0) return undefined;
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const others = takes.has('tools') ? listOtherCalls(messages[last], waits) : NO_CALLS;
  const outputs = messages.slice(last + 1).flatMap((message) => {
    if (message.role !== 'tool' || others.has(message.tool_call_id)) return [];
    return [{ callId: message.tool_call_id, text: joinText(message.content) }];
  });
  return outputs.length === 0 ? undefined : outputs;
}

const NO_CALLS: ReadonlySet<string> = new Set();

/** Ids of the calls of a message that are calls of the client's own tools. */
function listOtherCalls(message: Message | undefined, waits: WaitingWorkflow['waits']): ReadonlySet<string> {
  if (message?.role !== 'assistant') return NO_CALLS;
  const names = new Set(waits.map(({ name }) => name));
  const others = (message.tool_calls ?? []).filter(
    (call) => call.type !== 'function' || !names.has(call.function.name),
  );
  return new Set(others.map(({ id }) => id));
}

function joinText(content: string | readonly { readonly text: string }[]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

/**
 * Removes the tools that represent waits: clients declare them so that their own code answers. With the last tool, the
 * parameters that need tools are removed, too.
 */
export function dropWaitTools<P extends Readonly<Record<string, unknown>>>(
  parameters: P,
  { waits }: Pick<CompiledWorkflow, 'waits'>,
): P {
  const { tools, tool_choice: _choice, parallel_tool_calls: _parallel, ...rest } = parameters;
  if (waits.length === 0 || !Array.isArray(tools)) return parameters;
  const names = new Set(waits.map(({ name }) => name));
  const left = tools.filter((tool: { function?: { name?: string } }) => !names.has(tool.function?.name ?? ''));
  if (left.length === tools.length) return parameters;
  return (left.length === 0 ? rest : { ...parameters, tools: left }) as unknown as P;
}
