import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError, NotFoundError } from '../../errors/index.js';
import { OpenApi, readPathParameter } from '../../http/index.js';
import { Inspections, LoggedRuns, type RunInspection } from '../../runs/index.js';
import { DescribeInspectRun } from './describe-run.js';
import { makeInspectionObject } from './inspection-object.js';
import { RUNS_PATH } from './runs.path.js';

/** Shows callers who may inspect them the inputs and outputs of the steps, models and tools of their runs. */
@OpenApi(({ ApiTags }) => [ApiTags('Runs')])
@Controller(RUNS_PATH)
export class RunInspectionController {
  constructor(
    private readonly access: AccessControl,
    private readonly inspections: Inspections,
    private readonly runs: LoggedRuns,
    private readonly config: AppConfig,
  ) {}

  @Get(':id/inspection')
  @DescribeInspectRun()
  async inspect(@Req() request: Request, @Res() response: Response): Promise<void> {
    const caller = this.access.requireCaller(request);
    if (!caller.mayInspect(this.config.access.inspect)) throw makeDisabledError();
    const id = readPathParameter(request, 'id');
    const found = await this.#find(id, caller.id);
    if (found === undefined) throw makeNoInspectionError(id);
    response.setHeader('cache-control', 'no-store');
    response.json(makeInspectionObject(found, this.#findTrace(found)));
  }

  /** By the id of the run or of one of its segments. */
  async #find(id: string, owner: string): Promise<RunInspection | undefined> {
    const found = await this.inspections.find(id, owner);
    if (found !== undefined || !this.runs.isOn) return found;
    const run = await this.runs.find(id, owner);
    return run && run.id !== id ? this.inspections.find(run.id, owner) : undefined;
  }

  /** Langfuse finds a trace by its id alone. */
  #findTrace({ traceId }: RunInspection): string | undefined {
    const { publicKey, secretKey, baseUrl } = this.config.tracing.langfuse;
    const isThere = traceId !== undefined && publicKey !== undefined && secretKey !== undefined;
    return isThere ? `${baseUrl}/trace/${traceId}` : undefined;
  }
}

function makeDisabledError(): InvalidRequestError {
  return new InvalidRequestError(
    'This key may not look inside runs. Set RUNS_INSPECT to on, or to the name of the key, or give its entry in the key file `inspect: true`.',
    { code: 'inspection_disabled' },
  );
}

function makeNoInspectionError(id: string): NotFoundError {
  return new NotFoundError(
    `No inspection found for a run with the id '${id.slice(0, 64)}' of this key: the run does not exist, it began when RUNS_INSPECT was off, another process answered it, or newer runs have replaced it.`,
    { code: 'inspection_not_found' },
  );
}
