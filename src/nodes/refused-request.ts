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

/**
 * A model provider did not accept a request for something that this server wrote into it: nothing that the client could
 * correct. Status 502; another model may accept it.
 */
export class RefusedRequestError extends UpstreamError {
  constructor(refusal: UpstreamError) {
    super('The model provider did not accept a request that this server wrote.', {
      code: 'upstream_refused_request',
      ...(refusal.diagnostic !== undefined && { diagnostic: refusal.diagnostic }),
      cause: refusal,
    });
  }

  /** What a failed call is to throw: this in place of a refusal that is not about the client's part, else what it was. */
  static for(thrown: unknown, request: WrittenRequest): unknown {
    const isOurs = thrown instanceof UpstreamError && isFaultOfRequest(thrown) && isOwnFault(thrown.param, request);
    return isOurs ? new RefusedRequestError(thrown) : thrown;
  }
}

/** Whether a model failed since it did not accept what it was asked. */
export function isFaultOfRequest({ status }: UpstreamError): boolean {
  return status === 400 || status === 413 || status === 422;
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
