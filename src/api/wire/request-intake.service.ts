import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl, Admissions, type Caller, type RequestAdmission } from '../../access/index.js';
import { RunAbortedError } from '../../errors/index.js';
import { isSent } from '../../http/index.js';
import { type AbortNotice, Cancellation } from '../../kernel/index.js';
import { RunService } from '../../runs/index.js';
import { type BodyHead, JsonBodyReader } from './json-body-reader.service.js';

/** A request that was admitted and read, and has a place among the runs. */
export interface TakenRequest {
  /** As parsed; undefined if there is none. */
  readonly body: unknown;
  readonly caller: Caller;
  readonly admission: RequestAdmission;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
}

/** Takes in every request for a run: caller, admission, body, and place among the runs. */
@Injectable()
export class RequestIntake {
  constructor(
    private readonly access: AccessControl,
    private readonly admissions: Admissions,
    private readonly bodies: JsonBodyReader,
    private readonly runs: RunService,
  ) {}

  /**
   * Takes a request in and hands it to `respond`. Its admission ends with its run, or here if `respond` fails.
   * @throws what admission, the reading of its body and `respond` throw
   */
  async take(request: Request, response: Response, respond: (taken: TakenRequest) => Promise<unknown>): Promise<void> {
    const head = this.bodies.readHead(request);
    const caller = this.access.requireCaller(request);
    const signal = watchClient(response);
    // Admission comes before the body: reading it takes memory.
    const endWait = this.runs.trackWait(signal);
    let admission: RequestAdmission | undefined;
    try {
      admission = await this.admissions.admit(caller, response, signal);
      const body = await this.#readBody(request, head, { caller, admission, signal });
      endWait();
      await respond({ body, caller, admission, signal });
    } catch (error) {
      // If a started run has already ended the admission, this does nothing.
      admission?.end();
      throw error;
    } finally {
      endWait();
    }
  }

  /**
   * A separate function, so that the bytes of the body are freed: variables of {@link take} stay in memory until the
   * response ends.
   */
  async #readBody(
    request: Request,
    head: BodyHead | undefined,
    { caller, admission, signal }: Omit<TakenRequest, 'body'>,
  ): Promise<unknown> {
    const read = head && (await this.bodies.read(request, head, caller, admission, signal));
    const turn = admission.enter(signal);
    if (turn !== undefined) await turn;
    return read && (await this.bodies.parse(read, signal));
  }
}

/** Aborts when the client leaves before it has the whole response. */
export function watchClient(response: Response): Cancellation {
  const gone = new Cancellation();
  response.on('close', () => {
    if (!isSent(response)) gone.abort(GONE);
  });
  if (response.destroyed) gone.abort(GONE);
  return gone;
}

const GONE = new RunAbortedError('client_disconnected');
