import { Injectable } from '@nestjs/common';
import type { Caller } from '../../access/index.js';
import type { RunEvent } from '../../engine/index.js';
import { Clock } from '../../kernel/index.js';
import { mergeDeltaEvents, type RunEvents } from '../../runs/index.js';
import type { DecodedRequest } from './decoded-request.js';
import { KeptResponses } from './kept-responses.service.js';
import { makeEncoder } from './make-encoder.js';
import { makeRenamedError } from './response-error.js';
import type { ResponseObject } from './response-object.js';
import { passTraceId } from '../wire/index.js';

/** Collects the events of runs into whole responses. */
@Injectable()
export class ResponsesCollector {
  constructor(
    private readonly clock: Clock,
    private readonly kept: KeptResponses,
  ) {}

  /**
   * @param onTraceId called once at the beginning if the run is traced
   * @throws MillraceError if the run fails: clients take a failed Response for a successful one (measured)
   */
  async collect(
    events: RunEvents,
    decoded: DecodedRequest,
    owner: Caller,
    onTraceId: (traceId: string) => void,
  ): Promise<ResponseObject> {
    const encoder = makeEncoder({ ...decoded, nodeEvents: false });
    const { clock } = this;
    // Joined, because the pieces are not read one by one.
    let held: RunEvent | undefined;
    const flush = (): void => {
      if (held !== undefined) encoder.next(held, clock.now());
      held = undefined;
    };
    await events.read({
      next: (event) => {
        passTraceId(event, onTraceId);
        const merged = held && mergeDeltaEvents(held, event);
        if (merged === undefined) flush();
        held = merged ?? event;
        if (event.type !== 'delta') flush();
      },
      failed: ({ thrown }) => {
        throw makeRenamedError(thrown);
      },
    });
    if (encoder.response.store && !(await this.kept.keep(encoder, decoded, owner)))
      return { ...encoder.response, store: false };
    return encoder.response;
  }
}
