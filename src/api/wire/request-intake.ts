import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl, Admission, type Caller, type Permit } from '../../access/index.js';
import { RunAbortedError } from '../../errors/index.js';
import { isSent } from '../../http/index.js';
import { type AbortNotice, Cancellation } from '../../kernel/index.js';
import { RunService } from '../../runs/index.js';
import { type BodyHead, JsonBodyReader } from './json-body-reader.js';

/** A request that was let in, was read, and has a place among the runs. */
export interface TakenRequest {
  /** As parsed; undefined if there is none. */
  readonly body: unknown;
  readonly caller: Caller;
  readonly permit: Permit;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
}

/** The way of every request that is to become a run: who asks, whether it is let in, its body, and its place. */
@Injectable()
export class RequestIntake {
  constructor(
    private readonly access: AccessControl,
    private readonly admission: Admission,
    private readonly bodies: JsonBodyReader,
    private readonly runs: RunService,
  ) {}

  /**
   * Takes a request in, and has it answered. Its permit ends with its run, or here if `answer` fails.
   * @throws what admission, its body and `answer` throw
   */
  async take(request: Request, response: Response, answer: (taken: TakenRequest) => Promise<void>): Promise<void> {
    const head = this.bodies.readHead(request);
    const caller = this.access.requireCaller(request);
    const signal = watchClient(response);
    // Before the body is read, which is then bounded by the memory for bodies.
    const endWait = this.runs.trackWait(signal);
    let permit: Permit | undefined;
    try {
      permit = await this.admission.admit(caller, response, signal);
      const body = await this.#readBody(request, head, { caller, permit, signal });
      endWait();
      await answer({ body, caller, permit, signal });
    } catch (error) {
      // Where a run was begun, it has ended it already.
      permit?.end();
      throw error;
    } finally {
      endWait();
    }
  }

  /** A function of its own: what {@link take} holds stays in memory until the answer has ended, the bytes of the body do not. */
  async #readBody(
    request: Request,
    head: BodyHead | undefined,
    { caller, permit, signal }: Omit<TakenRequest, 'body'>,
  ): Promise<unknown> {
    const read = head && (await this.bodies.read(request, head, caller, permit, signal));
    const turn = permit.enter(signal);
    if (turn !== undefined) await turn;
    return read && (await this.bodies.parse(read, signal));
  }
}

/** Aborts when the client leaves before it has the whole answer. */
function watchClient(response: Response): Cancellation {
  const gone = new Cancellation();
  response.once('close', () => {
    if (!isSent(response)) gone.abort(GONE);
  });
  if (response.destroyed) gone.abort(GONE);
  return gone;
}

const GONE = new RunAbortedError('client_disconnected');
