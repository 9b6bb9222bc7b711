import { UpstreamError } from '../errors/index.js';
import type { Message, ModelCall, ModelParameters } from '../models/index.js';

/** A request to a model, and what of it is the client's. */
export interface WrittenRequest {
  readonly call: ModelCall;
  /** True if it holds what a model has answered to this agent before: calls of tools, or an answer that did not fit. */
  readonly isContinued: boolean;
  readonly clientMessages: readonly Message[];
  /** The client's parameters in it. */
  readonly forwarded: ModelParameters;
}

/** A parameter that the server sets for itself, as refusals speak of it that name no parameter or not the one that was sent. */
interface WrittenParameter {
  readonly words: RegExp;
  /** Those of a client that would be meant as well. */
  readonly parameters: readonly string[];
  /** What an operator can do. */
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
  // The client's own is not passed on.
  { words: /stream[_ ]options|include_usage/i, parameters: [] },
];

/**
 * A model provider did not accept a request for something that this server wrote into it: nothing that the client could
 * correct. Status 502; another model may accept it.
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

  /** What a failed call is to throw: this in place of a refusal that is not about the client's part, else what it was. */
  static explain(thrown: unknown, request: WrittenRequest): unknown {
    if (!(thrown instanceof UpstreamError) || !isFaultOfRequest(thrown)) return thrown;
    const written = findWritten(thrown, request.forwarded);
    const isOurs = written !== undefined || isOwnFault(thrown.param, request);
    return isOurs ? new RefusedRequestError(thrown, written?.advice) : thrown;
  }
}

/** Whether a model failed since it did not accept what it was asked. */
export function isFaultOfRequest({ status }: UpstreamError): boolean {
  return status === 400 || status === 413 || status === 422;
}

/** The parameter that a refusal is about, if it is the server's alone. */
function findWritten({ param, message }: UpstreamError, forwarded: ModelParameters): WrittenParameter | undefined {
  const isClients = (name: string): boolean => forwarded[name] !== undefined && forwarded[name] !== null;
  return WRITTEN_PARAMETERS.find(
    ({ words, parameters }) => words.test(param ?? message) && !parameters.some(isClients),
  );
}

/**
 * Whether what a model did not accept is the server's.
 * @param param the upstream's word for what is at fault, such as `messages[0].content` or `temperature`; null: it names nothing
 */
function isOwnFault(param: string | null, { call, isContinued, clientMessages, forwarded }: WrittenRequest): boolean {
  if (isContinued) return true;
  const [, name, index] = /^(\w+)(?:\[?\.?(\d+))?/.exec(param ?? '') ?? [];
  // The client's word for a model names a workflow.
  if (name === 'model') return true;
  const isClients = (message: Message): boolean => clientMessages.includes(message);
  if (name === 'messages' && index !== undefined) {
    const message = call.messages[Number(index)];
    return message !== undefined && !isClients(message);
  }
  if (name === undefined || name === 'messages') {
    return Object.keys(forwarded).length === 0 && !call.messages.some(isClients);
  }
  if (!Object.hasOwn(call.parameters, name)) return false; // The client's, which has another name there.
  const [sent, given] = [call.parameters[name], forwarded[name]];
  if (sent === given) return false;
  if (index === undefined || !Array.isArray(sent)) return true;
  return !(Array.isArray(given) && given.includes(sent[Number(index)]));
}
