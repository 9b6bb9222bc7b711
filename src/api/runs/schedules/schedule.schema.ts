import { schemaParts } from '../../wire/index.js';

const { anyObject, choice, count, list, object, orNull, text } = schemaParts;
type Described = schemaParts.DescribedSchema;

/** A schedule, as clients see it. */
export const SCHEDULE_SCHEMA: Described = object('When a workflow runs again and again.', {
  id: text('Its name; of one in a workflow, the id of the workflow stands before it.'),
  object: choice(['schedule'], 'Always `schedule`.'),
  created_at: count('When it was first kept. Seconds since the Unix epoch.'),
  source: choice(['api', 'workflow'], 'Whether a client has made it, or it stands in a workflow.'),
  model: text('The workflow, by the name that the request asked for.'),
  pattern: text('Five fields of cron.'),
  timezone: text('Where these are the time of day.'),
  paused: { type: 'boolean', description: 'Whether it begins no runs.' },
  next_run_at: orNull(count('When it begins the next one; null while it is paused. Seconds since the Unix epoch.')),
  last_error: orNull(
    object('Why its last time began no run; null if it did.', {
      code: orNull(text('Word for programs.')),
      message: text('The reason.'),
    }),
  ),
  priority: count('From 0 to 9, of its runs; those with 9 begin first.'),
  metadata: anyObject('What its runs have as metadata, beside `schedule` and `scheduled_at`.'),
  messages: list(anyObject('One message.'), 'The conversation that each run is asked.'),
  parameters: anyObject('The parameters that each run is asked with.'),
});

/** All schedules of an API key. */
export const SCHEDULE_LIST_SCHEMA: Described = object('The schedules of an API key.', {
  object: choice(['list'], 'Always `list`.'),
  data: list({ $ref: '#/components/schemas/Schedule' }, 'The schedules, by their ids.'),
});

/** A request that works as it stands on a fresh installation; Swagger UI offers it. */
export const requestExample = {
  model: 'chat',
  input: 'What is new today?',
  pattern: '30 7 * * MON-FRI',
  timezone: 'Europe/Berlin',
};

/** What is kept of it. */
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
