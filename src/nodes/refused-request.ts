import { UpstreamError } from '../errors/index.js';
import { isPresent } from '../kernel/index.js';
import type { Message, ModelCall, ModelParameters } from '../models/index.js';

/** A request to a model, and which parts of it are the client's. */
export interface WrittenRequest {
  readonly call: ModelCall;
  /** True if it holds earlier output of a model of this agent: tool calls, or an output that did not fit. */
  readonly isContinued: boolean;
  readonly clientMessages: readonly Message[];
  /** The client's parameters in the request. */
  readonly forwarded: ModelParameters;
}

/**
 * A parameter that the server sets itself. Some refusals name no parameter, or another one than was sent, so it is found by
 * words.
 */
interface WrittenParameter {
  readonly words: RegExp;
  /** The client's parameters that the same words could mean. */
  readonly parameters: readonly string[];
  /** What an operator can do about the refusal. */
  readonly advice?: string;
}

const WRITTEN_PARAMETERS: readonly WrittenParameter[] = [
  {
    words: /response[_ ]?format|json[_ ]?schema|structured[_ ]outputs?/i,
    parameters: ['response_format'],
    advice: 'if it does not take schemas, set …_STRUCTURED_OUTPUT of this provider to tool or prompt',
  },
  {
    words: /tool[_ ]choice|(?:does not|doesn't) support (?:tools|tool (?:use|calling|calls)|function calling)/i,
    parameters: ['tools', 'tool_choice'],
  },
  // The client's own value is never passed on.
  { words: /stream[_ ]options|include_usage/i, parameters: [] },
];

/**
 * A model provider refused a request because of something that this server wrote, which the client cannot correct. Status
 * 502; another model may accept the request.
 */
export class RefusedRequestError extends UpstreamError {
  /** @param advice for the operator */
  constructor(refusal: UpstreamError, advice?: string) {
    const diagnostic = [refusal.diagnostic, advice].filter((part) => part !== undefined).join('; ');
    super('The model provider did not accept a request that this server wrote.', {
      code: 'upstream_refused_request',
      ...(diagnostic !== '' && { diagnostic }),
      cause: refusal,
    });
  }

  /**
   * Maps what a call failed with to what it should throw: a refusal that is not about the client's parts becomes this error,
   * and anything else stays as it is.
   */
  static explain(thrown: unknown, request: WrittenRequest): unknown {
    if (!(thrown instanceof UpstreamError) || !isFaultOfRequest(thrown)) return thrown;
    const written = findWritten(thrown, request.forwarded);
    const isOurs = written !== undefined || isOwnFault(thrown.param, request);
    return isOurs ? new RefusedRequestError(thrown, written?.advice) : thrown;
  }
}

/** Whether a model refused the request itself. */
export function isFaultOfRequest({ status }: UpstreamError): boolean {
  return status === 400 || status === 413 || status === 422;
}

/** Finds the parameter that a refusal is about, if only the server set it. */
function findWritten({ param, message }: UpstreamError, forwarded: ModelParameters): WrittenParameter | undefined {
  const isClients = (name: string): boolean => isPresent(forwarded[name]);
  return WRITTEN_PARAMETERS.find(
    ({ words, parameters }) => words.test(param ?? message) && !parameters.some(isClients),
  );
}

/**
 * Whether the refused part of a request came from the server.
 * @param param the part that the upstream blames, such as `messages[0].content` or `temperature`; null if it names none
 */
function isOwnFault(param: string | null, { call, isContinued, clientMessages, forwarded }: WrittenRequest): boolean {
  if (isContinued) return true;
  const [, name, index] = /^(\w+)(?:\[?\.?(\d+))?/.exec(param ?? '') ?? [];
  // The client's `model` names a workflow, so this one is the server's.
  if (name === 'model') return true;
  const isClients = (message: Message): boolean => clientMessages.includes(message);
  if (name === 'messages' && index !== undefined) {
    const message = call.messages[Number(index)];
    return message !== undefined && !isClients(message);
  }
  if (name === undefined || name === 'messages') {
    return Object.keys(forwarded).length === 0 && !call.messages.some(isClients);
  }
  if (!Object.hasOwn(call.parameters, name)) return false; // A client's parameter that was renamed for the provider.
  const [sent, given] = [call.parameters[name], forwarded[name]];
  if (sent === given) return false;
  if (index === undefined || !Array.isArray(sent)) return true;
  return !(Array.isArray(given) && given.includes(sent[Number(index)]));
}
