export { RUN_EVENT_SCHEMA } from './dto/run-event.schema.js';
export { CreateRunRequest } from './dto/run-request.js';
export { RUN_LIST_SCHEMA, RUN_SCHEMA } from './dto/run.schema.js';
export { OneRunController } from './one-run.controller.js';
export { RunsController } from './runs.controller.js';
export { SCHEDULE_LIST_SCHEMA, SCHEDULE_SCHEMA } from './schedules/schedule.schema.js';
export { PutScheduleRequest } from './schedules/schedule-request.js';
export { SchedulesController } from './schedules/schedules.controller.js';
export { NativeRunsModule } from './runs.module.js';
