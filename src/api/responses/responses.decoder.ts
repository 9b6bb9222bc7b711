import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Caller } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError, NotFoundError } from '../../errors/index.js';
import { findRecord } from '../../http/index.js';
import { Clock, IdSource, type JsonObject } from '../../kernel/index.js';
import type { Message } from '../../models/index.js';
import { WorkflowRegistry } from '../../workflow/index.js';
import { readOnDisconnect, readOrigin, type TakenRequest, wantsNodeEvents } from '../wire/index.js';
import type { DecodedRequest } from './decoded-request.js';
import type { ResponseRequest } from './dto/index.js';
import { makeContextItem } from './items/input-context.js';
import { findKind, isCutOff } from './items/input-kinds.js';
import { makeMessages } from './items/input-messages.js';
import { makeResponseHead } from './response-head.js';
import { makeRunParameters } from './run-parameters.js';
import { ResponseState } from './state/response-state.js';
import { validateResponseRequest } from './validate-response-request.js';

/** A response in one of these states has not all of its output yet. */
const UNFINISHED: ReadonlySet<unknown> = new Set(['queued', 'in_progress']);

/** Reads requests for responses. */
@Injectable()
export class ResponsesDecoder {
  readonly #logger = new Logger('Responses');

  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly state: ResponseState,
  ) {}

  /**
   * What a request asks for.
   * @throws InvalidRequestError, ModelNotFoundError, ForbiddenError, NotFoundError (of an item that is referred to)
   */
  async decode(request: Request, response: Response, { body: json, caller }: TakenRequest): Promise<DecodedRequest> {
    const body = validateResponseRequest(json);
    const { workflow } = this.registry.resolveServed(body.model);
    const streams = body.stream === true;
    findRecord(response).setWorkflow(workflow.id, streams);
    // Checked before anything that only an existing workflow could complain of.
    caller.assertMayUse(workflow.id, body.model);
    readOnDisconnect(request);
    this.#assertCanWait(body);
    const { parameters, leftOut } = makeRunParameters(body, workflow);
    const earlier = await this.#findEarlier(body, caller);
    const input = (await this.#findReferred(readInput(body), caller)).filter((item) => !isCutOff(item));
    const messages = [...writeInstructions(body), ...makeMessages([...earlier, ...input])];
    if (messages.length === 0) throw makeNothingToSendError();
    // One in the background is stored, or else refused when it is to begin.
    const isStored = body.background === true || (this.state.isKept && body.store !== false);
    const receipts = input.filter((item) => findKind(item) === 'receipt').map(({ type }) => `item ${String(type)}`);
    this.#tellLeftOut(workflow.id, [...leftOut, ...receipts]);
    return {
      workflow,
      request: { model: body.model, messages, parameters },
      head: makeResponseHead(body, {
        id: `resp_${this.ids.runId()}`,
        createdAt: Math.floor(this.clock.now() / 1_000),
        isStored,
      }),
      origin: readOrigin(request, response, { streamed: streams, caller, access: this.config.access }),
      streams,
      nodeEvents: wantsNodeEvents(request),
      context: isStored ? [...earlier, ...input.map((item) => makeContextItem(item, this.ids))] : [],
    };
  }

  /** @throws InvalidRequestError if it would have to run on without its client, and nothing outlives its request here */
  #assertCanWait({ background }: ResponseRequest): void {
    if (background !== true || this.state.isOn) return;
    throw new InvalidRequestError(
      "Invalid value for 'background': this server keeps nothing (RUNS is off). Leave `background` out, and wait for the response.",
      { param: 'background', code: 'runs_disabled' },
    );
  }

  /** The conversation that goes on: what the previous response was asked, and its output. */
  async #findEarlier({ previous_response_id: id }: ResponseRequest, caller: Caller): Promise<readonly JsonObject[]> {
    if (id === null || id === undefined) return [];
    const previous = await this.state.find(id, caller);
    if (previous === undefined) {
      throw new InvalidRequestError(`Previous response with id '${id.slice(0, 64)}' not found.`, {
        param: 'previous_response_id',
        code: 'previous_response_not_found',
      });
    }
    const { output, status } = previous.response;
    if (UNFINISHED.has(status)) {
      throw new InvalidRequestError(
        `Previous response with id '${id.slice(0, 64)}' has not ended yet. Wait until it has, and send the request again.`,
        { param: 'previous_response_id', code: 'invalid_value' },
      );
    }
    return [...previous.context, ...(output as readonly JsonObject[])].filter((item) => !isCutOff(item));
  }

  /** The items, with those that are referred to in the place of references. */
  async #findReferred(items: readonly JsonObject[], caller: Caller): Promise<readonly JsonObject[]> {
    const ids = items.filter(isReference).map(({ id }) => id as string);
    if (ids.length === 0) return items;
    const found = await this.state.findItems([...new Set(ids)], caller);
    return items.map((item) => {
      if (!isReference(item)) return item;
      const id = item['id'] as string;
      const referred = found.get(id);
      if (referred !== undefined) return referred;
      throw new NotFoundError(
        `Item with id '${id.slice(0, 64)}' not found. Items are not persisted when store is set to false. Send the item itself in place of the reference, or store its response.`,
        { param: 'input' },
      );
    });
  }

  #tellLeftOut(workflow: string, leftOut: readonly string[]): void {
    if (leftOut.length === 0) return;
    const kinds = [...new Set(leftOut)];
    const more = kinds.length > 20 ? ` and ${kinds.length - 20} more` : '';
    this.#logger.debug(`Not sent to the models of ${workflow}: ${kinds.slice(0, 20).join(', ')}${more}.`);
  }
}

function readInput({ input }: ResponseRequest): readonly JsonObject[] {
  if (input === null || input === undefined) return [];
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
}

function isReference(item: JsonObject): boolean {
  return findKind(item) === 'item_reference';
}

/** Of this response alone: no part of the conversation that later ones go on with. */
function writeInstructions({ instructions }: ResponseRequest): readonly Message[] {
  return (instructions ?? '') === '' ? [] : [{ role: 'system', content: instructions as string }];
}

function makeNothingToSendError(): InvalidRequestError {
  return new InvalidRequestError(
    "Invalid value for 'input': nothing of it is sent to a model. Give it a message, or the output of a call.",
    { param: 'input', code: 'invalid_value' },
  );
}
