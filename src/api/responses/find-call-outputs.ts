import type { JsonObject } from '../../kernel/index.js';
import type { CompiledWorkflow } from '../../workflow/index.js';
import type { CallOutput } from '../wire/index.js';
import { findKind } from './items/input-kinds.js';
import { listParts } from './items/input-content.js';

/**
 * The outputs of calls after the last text of the workflow: answers to the waits of a run. Outputs that answer no wait
 * are ignored if the workflow also forwards the client's tools.
 * @param earlier items of the continued conversation
 * @param input of the request
 * @returns undefined if there are none, or the workflow has no waits: the request begins a run
 */
export function findCallOutputs(
  earlier: readonly JsonObject[],
  input: readonly JsonObject[],
  { waits, takes }: Pick<CompiledWorkflow, 'waits' | 'takes'>,
): readonly CallOutput[] | undefined {
  if (waits.length === 0) return undefined;
  const names = new Set(waits.map(({ name }) => name));
  const others = takes.has('tools') ? listOtherCalls([...earlier, ...input], names) : NO_CALLS;
  const outputs = input.slice(input.findLastIndex(isSaid) + 1).flatMap((item) => {
    const callId = item['call_id'];
    if (findKind(item) !== 'function_call_output' || typeof callId !== 'string' || others.has(callId)) return [];
    return [{ callId, text: readText(item['output']) }];
  });
  return outputs.length === 0 ? undefined : outputs;
}

const NO_CALLS: ReadonlySet<string> = new Set();

/** Ids of the calls of the client's own tools. */
function listOtherCalls(items: readonly JsonObject[], names: ReadonlySet<unknown>): ReadonlySet<string> {
  const others = items.filter((item) => findKind(item) === 'function_call' && !names.has(item['name']));
  return new Set(others.map((item) => String(item['call_id'])));
}

/**
 * True for text of a workflow, and for references that were not found. Calls do not count: some clients send each
 * output directly after its call.
 */
function isSaid(item: JsonObject): boolean {
  const kind = findKind(item);
  return kind === 'item_reference' || (kind === 'message' && item['role'] === 'assistant');
}

function readText(output: unknown): string {
  if (typeof output === 'string') return output;
  return listParts(output, 'input_text')
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('');
}
