import type { Delta, McpStep } from './delta.js';

/** Highest index of a call: calls are kept in a list that is as long as the highest index. */
const HIGHEST_CALL_INDEX = 65_535;

/** Whether a value can be passed on as a delta. Asked for each one that a node yields: it allocates nothing. */
export function isDelta(value: unknown): value is Delta {
  if (typeof value !== 'object' || value === null) return false;
  const delta = value as Readonly<Record<string, unknown>>;
  const channel = delta['type'] as Delta['type'];
  switch (channel) {
    case 'content':
    case 'reasoning':
    case 'refusal': {
      const logprobs = delta['logprobs'];
      return typeof delta['text'] === 'string' && (logprobs === undefined || Array.isArray(logprobs));
    }
    case 'tool-call':
      return isToolCall(delta);
    case 'annotations':
      return isListOfObjects(delta['annotations']);
    case 'images':
      return isListOfObjects(delta['images']);
    case 'audio':
      return isAudio(delta);
    case 'mcp':
      return isMcpDelta(delta);
    default:
      return isUnknown(channel);
  }
}

/** At run time the value can be anything. A call does not compile while a channel or a step is missing in its switch. */
function isUnknown(_word: never): false {
  return false;
}

function isToolCall({ index, id, kind, name, arguments: piece }: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof index === 'number' &&
    Number.isInteger(index) &&
    index >= 0 &&
    index <= HIGHEST_CALL_INDEX &&
    typeof piece === 'string' &&
    (id === undefined || typeof id === 'string') &&
    (name === undefined || typeof name === 'string') &&
    (kind === undefined || kind === 'custom')
  );
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

function isAudio({ id, data, transcript, expiresAt }: Readonly<Record<string, unknown>>): boolean {
  return (
    (id === undefined || typeof id === 'string') &&
    (data === undefined || typeof data === 'string') &&
    (transcript === undefined || typeof transcript === 'string') &&
    (expiresAt === undefined || Number.isSafeInteger(expiresAt))
  );
}

function isMcpDelta(delta: Readonly<Record<string, unknown>>): boolean {
  const { server, tools, call, name, arguments: args, approval, output, error } = delta;
  if (typeof server !== 'string') return false;
  const step = delta['step'] as McpStep['step'];
  switch (step) {
    case 'listing':
      return true;
    case 'listed':
      return isListOfObjects(tools) && isTextOrAbsent(error);
    case 'calling':
    case 'asking':
      return [call, name, args].every((text) => typeof text === 'string') && isTextOrAbsent(approval);
    case 'called':
      return (
        typeof call === 'string' &&
        isTextOrAbsent(output) &&
        (error === undefined || (typeof error === 'object' && error !== null && 'message' in error))
      );
    default:
      return isUnknown(step);
  }
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
