import { schemaParts } from '../../wire/index.js';

const { anyObject, choice, count, list, object, orNull, text } = schemaParts;

/** A schedule, as clients see it. */
export const SCHEDULE_SCHEMA: schemaParts.DescribedSchema = object('When a workflow runs repeatedly.', {
  id: text('Its name; for a schedule of a workflow, preceded by the id of the workflow.'),
  object: choice(['schedule'], 'Always `schedule`.'),
  created_at: count('When it was first stored. Seconds since the Unix epoch.'),
  source: choice(['api', 'workflow'], 'Whether a client has made it, or a workflow declares it.'),
  model: text('The workflow, by the name that the request asked for.'),
  pattern: text('Five fields of cron.'),
  timezone: text('Time zone of the pattern.'),
  paused: { type: 'boolean', description: 'Whether it begins no runs.' },
  next_run_at: orNull(count('When it begins the next run; null while it is paused. Seconds since the Unix epoch.')),
  last_error: orNull(
    object('Why its last due time began no run; null if it did.', {
      code: orNull(text('A code for programs.')),
      message: text('The reason.'),
    }),
  ),
  priority: count('Priority of its runs, from 0 to 9; those with 9 begin first.'),
  metadata: anyObject('Metadata of its runs, beside `schedule` and `scheduled_at`.'),
  messages: list(anyObject('One message.'), 'The conversation of each run.'),
  parameters: anyObject('The parameters of each run.'),
});

/** All schedules of an API key. */
export const SCHEDULE_LIST_SCHEMA: schemaParts.DescribedSchema = object('The schedules of an API key.', {
  object: choice(['list'], 'Always `list`.'),
  data: list({ $ref: '#/components/schemas/Schedule' }, 'The schedules, by their ids.'),
});

/** A request that works unchanged on a fresh installation; Swagger UI offers it. */
export const requestExample = {
  model: 'chat',
  input: 'What is new today?',
  pattern: '30 7 * * MON-FRI',
  timezone: 'Europe/Berlin',
};

/** The stored schedule. */
export const scheduleExample = {
  id: 'morning',
  object: 'schedule',
  created_at: 1795344000,
  source: 'api',
  model: 'chat',
  pattern: '30 7 * * MON-FRI',
  timezone: 'Europe/Berlin',
  paused: false,
  next_run_at: 1795415400,
  last_error: null,
  priority: 5,
  metadata: {},
  messages: [{ role: 'user', content: 'What is new today?' }],
  parameters: {},
};
