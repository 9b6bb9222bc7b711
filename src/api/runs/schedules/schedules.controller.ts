import { Controller, Delete, Get, Put, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AccessControl } from '../../../access/index.js';
import { API_ROOT, OpenApi, readPathParameter } from '../../../http/index.js';
import { RequestIntake } from '../../wire/index.js';
import { RunsDecoder } from '../runs.decoder.js';
import {
  DescribeListSchedules,
  DescribePutSchedule,
  DescribeRetrieveSchedule,
  DescribeDeleteSchedule,
} from './describe-schedule.js';
import { assertScheduleId, decodeSchedule } from './decode-schedule.js';
import { NativeSchedules } from './native-schedules.service.js';

/** Stores, shows and removes schedules. */
@OpenApi(({ ApiTags }) => [ApiTags('Runs')])
@Controller(`${API_ROOT}/schedules`)
export class SchedulesController {
  constructor(
    private readonly intake: RequestIntake,
    private readonly access: AccessControl,
    private readonly decoder: RunsDecoder,
    private readonly schedules: NativeSchedules,
  ) {}

  @Get()
  @DescribeListSchedules()
  async list(@Req() request: Request, @Res() response: Response): Promise<void> {
    const data = await this.schedules.list(this.access.requireCaller(request).id);
    response.json({ object: 'list', data });
  }

  @Put(':id')
  @DescribePutSchedule()
  put(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.intake.take(request, response, async (taken) => {
      this.schedules.assertOn();
      const id = readPathParameter(request, 'id');
      assertScheduleId(id);
      const decoded = decodeSchedule(request, response, taken, this.decoder);
      response.json(await this.schedules.put(id, taken.caller, decoded));
      taken.admission.end();
    });
  }

  @Get(':id')
  @DescribeRetrieveSchedule()
  async retrieve(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { id: owner } = this.access.requireCaller(request);
    response.json(await this.schedules.find(readPathParameter(request, 'id'), owner));
  }

  @Delete(':id')
  @DescribeDeleteSchedule()
  async remove(@Req() request: Request, @Res() response: Response): Promise<void> {
    const id = readPathParameter(request, 'id');
    await this.schedules.remove(id, this.access.requireCaller(request).id);
    response.json({ id, object: 'schedule', deleted: true });
  }
}
