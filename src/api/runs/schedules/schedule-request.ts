import { IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CreateRunRequest } from '../dto/run-request.js';

/** Body of a request for a schedule, as the client sent it. */
@JSONSchema({
  description: 'When a workflow runs repeatedly, and with which request: as for one run, without `run_at`.',
  example: { model: 'chat', input: 'What is new today?', pattern: '30 7 * * MON-FRI', timezone: 'Europe/Berlin' },
})
export class PutScheduleRequest extends CreateRunRequest {
  @IsString()
  @MaxLength(128)
  @JSONSchema({
    description: 'Five fields of cron: minute, hour, day of the month, month, day of the week.',
    example: '30 7 * * MON-FRI',
  })
  readonly pattern: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  @JSONSchema({
    description: 'Time zone of the pattern. A time that occurs twice when clocks go back counts once.',
    example: 'Europe/Berlin',
    default: 'UTC',
  })
  readonly timezone?: string | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'True: it is stored, but begins no runs.', default: false })
  readonly paused?: boolean | null;
}
