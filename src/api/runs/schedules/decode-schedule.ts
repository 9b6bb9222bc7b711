import type { Request, Response } from 'express';
import { InvalidRequestError } from '../../../errors/index.js';
import { compileRuleSet } from '../../../schema/index.js';
import { SCHEDULE_NAME, type ScheduleTimes } from '../../../workflow/index.js';
import type { TakenRequest } from '../../wire/index.js';
import type { DecodedRequest, RunsDecoder } from '../runs.decoder.js';
import { makeRunRules, validateRunRequest } from '../validate-run-request.js';
import { PutScheduleRequest } from './schedule-request.js';

const RULES = makeRunRules(compileRuleSet(PutScheduleRequest));

/** A request of a schedule, decoded. */
export interface DecodedSchedule {
  readonly times: ScheduleTimes;
  readonly isPaused: boolean;
  /** The request of its runs. */
  readonly decoded: DecodedRequest;
}

/** @throws InvalidRequestError, ModelNotFoundError, ForbiddenError */
export function decodeSchedule(
  request: Request,
  response: Response,
  taken: TakenRequest,
  decoder: RunsDecoder,
): DecodedSchedule {
  const { pattern, timezone, paused, ...body } = validateRunRequest(taken.body, RULES) as PutScheduleRequest;
  if ((body.run_at ?? undefined) !== undefined) {
    throw new InvalidRequestError("Invalid value for 'run_at': a schedule has a pattern in its place.", {
      param: 'run_at',
      code: 'invalid_value',
    });
  }
  const decoded = decoder.decode(request, response, { ...taken, body });
  return { times: { pattern, timezone: timezone ?? 'UTC' }, isPaused: paused ?? false, decoded };
}

/** @throws InvalidRequestError */
export function assertScheduleId(id: string): void {
  if (SCHEDULE_NAME.test(id)) return;
  throw new InvalidRequestError('The id of a schedule has 1 to 64 letters, digits and the characters - _ .', {
    param: 'id',
    code: 'invalid_value',
  });
}
