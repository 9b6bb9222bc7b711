import type { RunEvent, UnnumberedEvent } from '../../src/engine/run-event.js';
import type { FinishReason } from '../../src/models/index.js';
import type { Delta } from '../../src/streaming/index.js';
import type { ResponseHead } from '../../src/api/responses/decoded-request.js';
import { readEventJson, type ResponseEvent } from '../../src/api/responses/response-events.js';
import { ResponseEncoder } from '../../src/api/responses/responses.encoder.js';
import { CREATED_AT, RESPONSE_HEAD } from './response-head.js';
import { assertResponseStream, type CheckedStream } from './response-rules.js';

/** A run event, and its time after the previous one in milliseconds. */
export type TimedEvent = UnnumberedEvent & { readonly afterMs?: number };

export const started = { type: 'run-started' } as const satisfies TimedEvent;
export const finished = { type: 'run-finished', finishReason: 'stop' } as const satisfies TimedEvent;
export const say = (node: string, delta: Delta): TimedEvent => ({ type: 'delta', node, delta });
export const content = (node: string, text: string): TimedEvent => say(node, { type: 'content', text });
export const think = (node: string, text: string): TimedEvent => say(node, { type: 'reasoning', text });
export const refuse = (node: string, text: string): TimedEvent => say(node, { type: 'refusal', text });
export const call = (
  node: string,
  index: number,
  piece: string,
  head: { id?: string; name?: string; kind?: 'custom' } = {},
) => say(node, { type: 'tool-call', index, arguments: piece, ...head });
export const nodeDone = (node: string, finishReason: FinishReason = 'stop'): TimedEvent => ({
  type: 'node-finished',
  node,
  visible: true,
  elapsedMs: 5,
  finishReason,
});
export const error = {
  status: 502,
  code: 'upstream_error',
  type: 'server_error',
  message: 'It broke.',
  param: null,
} as const;
export const makeFailed = (fields: Partial<Extract<RunEvent, { type: 'run-failed' }>> = {}): TimedEvent => ({
  type: 'run-failed',
  error,
  outcome: 'upstream_error',
  ...fields,
});

/** The events of a response whose run has these events. */
export function fold(
  events: readonly TimedEvent[],
  { head, shape }: { head?: Partial<ResponseHead>; shape?: ConstructorParameters<typeof ResponseEncoder>[1] } = {},
): readonly ResponseEvent[] {
  const folded = new ResponseEncoder({ ...RESPONSE_HEAD, ...head }, shape);
  let at = CREATED_AT;
  return [
    ...folded.open(),
    ...[started as TimedEvent, ...events].flatMap(({ afterMs = 1, ...event }, seq) =>
      folded.next({ ...event, seq }, (at += afterMs)),
    ),
  ];
}

/** The events of a response, checked by all rules, with the resulting response. */
export function tell(events: readonly TimedEvent[], options: Parameters<typeof fold>[1] = {}): CheckedStream {
  return assertResponseStream(fold(events, options).map((event) => JSON.parse(readEventJson(event)) as unknown));
}

/** The types of the items, with the text of each. */
export function outline({ response }: CheckedStream): readonly string[] {
  return response.output.map((item) => {
    switch (item.type) {
      case 'message':
        return `message ${item.status}: ${item.content.map((part) => ('text' in part ? part.text : `!${part.refusal}`)).join('|')}`;
      case 'reasoning':
        return `reasoning ${item.status}: ${item.summary.map(({ text }) => text).join('|')}`;
      case 'function_call':
        return `call ${item.status}: ${item.name}(${item.arguments})`;
      case 'custom_tool_call':
        return `custom ${(item as { status?: string }).status}: ${item.name}(${item.input})`;
      case 'mcp_list_tools':
        return `mcp_list_tools ${item.tools.map(({ name }) => name).join()}`;
      case 'mcp_call':
        return `mcp_call ${item.status}: ${item.name}(${item.arguments}) = ${item.output}`;
      case 'mcp_approval_request':
        return `mcp_approval_request ${item.name}(${item.arguments})`;
      default:
        return item.type;
    }
  });
}
