import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/index.js';
import { Doors, HttpModule, RunRoutes } from '../../http/index.js';
import { RunsModule } from '../../runs/index.js';
import { WireModule } from '../wire/index.js';
import { NativeRuns } from './native-runs.service.js';
import { OneRunController } from './one-run.controller.js';
import { RunInspectionController } from './run-inspection.controller.js';
import { RunWaitsController } from './run-waits.controller.js';
import { RunsController } from './runs.controller.js';
import { RunsDecoder } from './runs.decoder.js';
import { RUNS_PATH } from './runs.path.js';
import { NativeSchedules } from './schedules/native-schedules.service.js';
import { SchedulesController } from './schedules/schedules.controller.js';
import { RunTickets } from './tickets/run-tickets.service.js';

/** The door of logged runs, which begins, shows, cancels and removes them. */
@Module({
  imports: [AccessModule, HttpModule, RunsModule, WireModule],
  providers: [
    NativeRuns,
    OneRunController,
    RunInspectionController,
    RunWaitsController,
    RunsController,
    RunsDecoder,
    RunTickets,
    NativeSchedules,
    SchedulesController,
  ],
})
export class NativeRunsModule {
  constructor(
    doors: Doors,
    controller: RunsController,
    one: OneRunController,
    waits: RunWaitsController,
    inspection: RunInspectionController,
    schedules: SchedulesController,
    routes: RunRoutes,
  ) {
    doors.open(controller);
    doors.open(one);
    doors.open(waits);
    doors.open(inspection);
    doors.open(schedules);
    routes.add(RUNS_PATH);
  }
}
