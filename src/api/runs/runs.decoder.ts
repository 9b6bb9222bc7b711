import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Caller } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { findRecord } from '../../http/index.js';
import type { JsonObject } from '../../kernel/index.js';
import type { Message } from '../../models/index.js';
import type { RunOrigin } from '../../runs/index.js';
import {
  assertParametersTaken,
  type CompiledWorkflow,
  type RunRequest,
  WorkflowRegistry,
} from '../../workflow/index.js';
import { readOnDisconnect, readOrigin, type TakenRequest } from '../wire/index.js';
import type { CreateRunRequest } from './dto/run-request.js';
import { readOverrides } from './read-overrides.js';
import { validateRunRequest } from './validate-run-request.js';

/** A request of this door, decoded. */
export interface DecodedRequest {
  readonly workflow: CompiledWorkflow;
  readonly request: RunRequest;
  readonly metadata: JsonObject;
  /** Earliest start, in milliseconds since the Unix epoch; undefined: now. */
  readonly runAt: number | undefined;
  /** From 0 to 9; undefined: the usual one. */
  readonly priority: number | undefined;
  readonly origin: RunOrigin;
}

/** The request of an earlier run. */
export interface AskedAgain extends Pick<DecodedRequest, 'request' | 'metadata'> {
  readonly priority: number;
}

/** Reads requests for runs. */
@Injectable()
export class RunsDecoder {
  constructor(
    private readonly registry: WorkflowRegistry,
    private readonly config: AppConfig,
  ) {}

  /**
   * Checks a request, and finds the workflow that it asks for.
   * @throws InvalidRequestError, ModelNotFoundError, ForbiddenError
   */
  decode(request: Request, response: Response, { body: json, caller }: TakenRequest): DecodedRequest {
    const body = validateRunRequest(json);
    const workflow = this.#findWorkflow(body.model, response, caller);
    readOnDisconnect(request);
    const overrides = readOverrides(body.overrides, workflow, !this.config.isProduction);
    const runRequest = { ...makeRunRequest(body), ...(overrides !== undefined && { overrides }) };
    assertParametersTaken(runRequest.parameters, workflow.id, workflow.takes);
    return {
      workflow,
      request: runRequest,
      metadata: body.metadata ?? {},
      runAt: typeof body.run_at === 'number' ? body.run_at * 1_000 : undefined,
      priority: body.priority ?? undefined,
      origin: this.#readOrigin(request, response, caller),
    };
  }

  /**
   * Decodes the same request again: for now, and for the current workflow.
   * @throws InvalidRequestError, ModelNotFoundError, ForbiddenError
   */
  decodeAgain(request: Request, response: Response, asked: AskedAgain, caller: Caller): DecodedRequest {
    const { model, parameters } = asked.request;
    const workflow = this.#findWorkflow(model, response, caller);
    readOverrides(asked.request.overrides, workflow, !this.config.isProduction);
    assertParametersTaken(parameters, workflow.id, workflow.takes);
    return { ...asked, workflow, runAt: undefined, origin: this.#readOrigin(request, response, caller) };
  }

  #findWorkflow(model: string, response: Response, caller: Caller): CompiledWorkflow {
    const { workflow } = this.registry.resolveServed(model);
    findRecord(response).setWorkflow(workflow.id, false);
    // Checked first: later faults would reveal that the workflow exists.
    caller.assertMayUse(workflow.id, model);
    return workflow;
  }

  #readOrigin(request: Request, response: Response, caller: Caller): RunOrigin {
    return readOrigin(request, response, { streamed: false, caller, access: this.config.access });
  }
}

/** Separates the conversation from the parameters, and changes nothing. */
function makeRunRequest(body: CreateRunRequest): RunRequest {
  const {
    model,
    messages,
    input,
    run_at: _at,
    priority: _priority,
    stream: _stream,
    overrides: _overrides,
    ...parameters
  } = body;
  return { model, messages: messages ?? makeMessages(input ?? []), parameters };
}

function makeMessages(input: string | readonly Message[]): readonly Message[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}
