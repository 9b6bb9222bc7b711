import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Caller } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError, NotFoundError } from '../../errors/index.js';
import { findRecord } from '../../http/index.js';
import { Clock, IdSource, isPresent, type JsonObject } from '../../kernel/index.js';
import type { Message } from '../../models/index.js';
import { McpServers } from '../../nodes/index.js';
import { type CompiledWorkflow, WorkflowRegistry } from '../../workflow/index.js';
import {
  makeCannotWaitError,
  readOnDisconnect,
  readOrigin,
  type TakenRequest,
  wantsNodeEvents,
} from '../wire/index.js';
import type { DecodedRequest } from './decoded-request.js';
import type { ResponseRequest } from './dto/index.js';
import { findCallOutputs } from './find-call-outputs.js';
import { makeContext } from './items/input-context.js';
import { findKind, isCutOff } from './items/input-kinds.js';
import { makeMessages } from './items/input-messages.js';
import { judgeApprovals, listApproved } from './mcp/approvals.js';
import { makeRequestedMcp } from './mcp/requested-servers.js';
import { makeResponseHead } from './response-head.js';
import { makeRunParameters } from './run-parameters.js';
import { ResponseState } from './state/response-state.js';
import { validateResponseRequest } from './validate-response-request.js';

const NO_MESSAGES: readonly Message[] = [];

/** A response in one of these states does not have all of its output yet. */
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
    private readonly servers: McpServers,
  ) {}

  /**
   * Decodes a request.
   * @throws InvalidRequestError, ModelNotFoundError, ForbiddenError, NotFoundError (for an item reference)
   */
  async decode(request: Request, response: Response, { body: json, caller }: TakenRequest): Promise<DecodedRequest> {
    const body = validateResponseRequest(json);
    const { workflow } = this.registry.resolveServed(body.model);
    const streams = body.stream === true;
    findRecord(response).setWorkflow(workflow.id, streams);
    // Checked before everything that depends on an existing workflow.
    caller.assertMayUse(workflow.id, body.model);
    readOnDisconnect(request);
    this.#assertKept(body, workflow);
    const { parameters, leftOut } = makeRunParameters(body, workflow);
    const isLogged = body.background === true || workflow.waits.length > 0;
    const previous = await this.#findPrevious(body, caller);
    const given = await this.#findReferred(readInput(body), caller);
    const outputs = findCallOutputs(previous ?? [], given, workflow);
    // An answer for a waiting run may come when everything else has expired.
    if (outputs === undefined) assertAllFound(body, previous, given);
    const earlier = previous ?? [];
    const input = given.filter((item) => !isCutOff(item) && !isReference(item));
    const conversation = [...earlier, ...input];
    const verdicts = judgeApprovals(conversation);
    // The run that continues has its own.
    const messages =
      outputs === undefined ? [...writeInstructions(body), ...makeMessages(conversation, verdicts)] : NO_MESSAGES;
    const mcp = makeRequestedMcp(body, conversation, listApproved(verdicts), {
      mayRequest: (url) => this.servers.mayRequest(url),
      isTaken: workflow.takes.has('tools'),
      isLogged,
    });
    if (messages.length === 0 && outputs === undefined) throw makeNothingToSendError();
    // A background response is stored, or refused when it would begin.
    const isStored = body.background === true || (this.state.isKept && body.store !== false);
    const receipts = input.filter((item) => findKind(item) === 'receipt').map(({ type }) => `item ${String(type)}`);
    this.#tellLeftOut(workflow.id, [...leftOut, ...receipts]);
    return {
      workflow,
      request: { model: body.model, messages, parameters, ...(mcp !== undefined && { mcp }) },
      head: makeResponseHead(body, {
        id: `resp_${this.ids.runId()}`,
        createdAt: Math.floor(this.clock.now() / 1_000),
        isStored,
      }),
      origin: readOrigin(request, response, { streamed: streams, caller, access: this.config.access }),
      streams,
      nodeEvents: wantsNodeEvents(request),
      isLogged,
      outputs,
      context: isStored ? makeContext(earlier, input, this.ids) : [],
    };
  }

  /** @throws InvalidRequestError if its run would have to outlive the request and RUNS is off */
  #assertKept({ background }: ResponseRequest, { id, waits }: CompiledWorkflow): void {
    if (this.state.isOn) return;
    if (waits.length > 0) throw makeCannotWaitError(id);
    if (background !== true) return;
    throw new InvalidRequestError(
      "Invalid value for 'background': this server stores nothing (RUNS is off). Leave `background` out, and wait for the response.",
      { param: 'background', code: 'runs_disabled' },
    );
  }

  /**
   * The conversation to continue: the input of the previous response and its output.
   * @returns undefined if there is no such response
   */
  async #findPrevious(
    { previous_response_id: id }: ResponseRequest,
    caller: Caller,
  ): Promise<readonly JsonObject[] | undefined> {
    if (!isPresent(id)) return [];
    const previous = await this.state.find(id, caller);
    if (previous === undefined) return undefined;
    const { output, status } = previous.response;
    if (UNFINISHED.has(status)) {
      throw new InvalidRequestError(
        `Previous response with id '${id.slice(0, 64)}' has not ended yet. Wait until it has, and send the request again.`,
        { param: 'previous_response_id', code: 'invalid_value' },
      );
    }
    return [...previous.context, ...(output as readonly JsonObject[])].filter((item) => !isCutOff(item));
  }

  /** The items, with references resolved. References to missing items stay. */
  async #findReferred(items: readonly JsonObject[], caller: Caller): Promise<readonly JsonObject[]> {
    const ids = items.filter(isReference).map(({ id }) => id as string);
    if (ids.length === 0) return items;
    const found = await this.state.findItems([...new Set(ids)], caller);
    return items.map((item) => (isReference(item) && found.get(item['id'] as string)) || item);
  }

  #tellLeftOut(workflow: string, leftOut: readonly string[]): void {
    if (leftOut.length === 0) return;
    const kinds = [...new Set(leftOut)];
    const more = kinds.length > 20 ? ` and ${kinds.length - 20} more` : '';
    this.#logger.debug(`Not sent to the models of ${workflow}: ${kinds.slice(0, 20).join(', ')}${more}.`);
  }
}

function readInput({ input }: ResponseRequest): readonly JsonObject[] {
  if (!isPresent(input)) return [];
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
}

function isReference(item: JsonObject): boolean {
  return findKind(item) === 'item_reference';
}

/** @throws InvalidRequestError, NotFoundError if the request refers to something that does not exist */
function assertAllFound(
  { previous_response_id: id }: ResponseRequest,
  previous: readonly JsonObject[] | undefined,
  items: readonly JsonObject[],
): void {
  if (previous === undefined) {
    throw new InvalidRequestError(`Previous response with id '${String(id).slice(0, 64)}' not found.`, {
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    });
  }
  const missing = items.find(isReference);
  if (missing === undefined) return;
  throw new NotFoundError(
    `Item with id '${String(missing['id']).slice(0, 64)}' not found. Items are not persisted when store is set to false. Send the item itself in place of the reference, or store its response.`,
    { param: 'input' },
  );
}

/** Instructions apply to this response alone, and are no part of the conversation that later ones continue. */
function writeInstructions({ instructions }: ResponseRequest): readonly Message[] {
  return (instructions ?? '') === '' ? [] : [{ role: 'system', content: instructions as string }];
}

function makeNothingToSendError(): InvalidRequestError {
  return new InvalidRequestError(
    "Invalid value for 'input': none of it can be sent to a model. Send a message, or the output of a call.",
    { param: 'input', code: 'invalid_value' },
  );
}
