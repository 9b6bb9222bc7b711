import { RUN_ERROR_SCHEMA, USAGE_INCOMPLETE } from './run-event.schema.js';
import { WAIT_SCHEMA } from './wait.schema.js';
import { schemaParts } from '../../wire/index.js';

const { anyObject, anything, choice, count, list, object, orNull, refer, seconds, text } = schemaParts;

/** The status of a run, for clients. */
export const RUN_STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

const STEP = object(
  'One step of the run.',
  {
    node: text('Key of the step.'),
    kind: text('Its kind.'),
    status: choice(['running', 'completed', 'failed'], 'Its status.'),
    attempt: count('Number of attempts.'),
    started_at: seconds('When its last attempt began.'),
    elapsed_ms: orNull(count('How long it took, in milliseconds; null while it runs.')),
    usage: orNull(refer('CompletionUsage', 'Tokens; null if no model reported any.')),
    finish_reason: orNull(text('The finish reason of its models.')),
  },
  { output: anything('Its output, if clients have read it as text, or the key may inspect runs (`RUNS_INSPECT`).') },
);

const SEGMENT = object('The part of the run that a client sees under an id of its own.', {
  completion_id: orNull(text('Id of the chat completion.')),
  response_id: orNull(text('Id of the response.')),
  from: count('Number of its first event.'),
});

/** A run, as clients see it. */
export const RUN_SCHEMA: schemaParts.DescribedSchema = object(
  'One execution of a workflow that outlives its request.',
  {
    id: text('Id of the run.'),
    object: choice(['run'], 'Always `run`.'),
    created_at: seconds('When it was requested.'),
    run_at: seconds('Its earliest start.'),
    started_at: orNull(seconds('When it began; null until then.')),
    finished_at: orNull(seconds('When it ended; null until then.')),
    deadline: orNull(seconds('Its deadline; null until it has begun, and while it waits for an answer.')),
    status: choice(RUN_STATUSES, 'The status. The last three are final.'),
    model: text('The workflow, by the name that the request asked for.'),
    workflow_version: orNull(text('The version that its author gave the workflow.')),
    attempts: count(
      'Number of attempts: more than one if its process has ended, or if it has failed and was tried again. Continuing with an answer does not count.',
    ),
    priority: count('From 0 to 9; runs with 9 begin first.'),
    metadata: anyObject('As in the request.'),
    usage: orNull(
      refer('CompletionUsage', 'Tokens of the whole run; null if no model reported any, or until it has ended.'),
    ),
    finish_reason: orNull(text('The finish reason of its models; null unless it has completed.')),
    error: orNull({ ...RUN_ERROR_SCHEMA, description: 'The error; else null.' }),
    output: orNull(text('The whole output; null until it has completed.')),
    waits: list(WAIT_SCHEMA, 'The open waits while it is `waiting`; else empty.'),
    segments: list(SEGMENT, 'The parts that clients see, in order.'),
  },
  {
    usage_incomplete: USAGE_INCOMPLETE,
    result: anything('The result of the workflow, if clients have read it as text, and it is more than the text.'),
    steps: list(STEP, 'Its steps so far, in the order in which they began. Only with `include=steps`.'),
  },
);

/** A page of runs. */
export const RUN_LIST_SCHEMA: schemaParts.DescribedSchema = object('A page of runs.', {
  object: choice(['list'], 'Always `list`.'),
  data: list({ $ref: '#/components/schemas/Run' }, 'The runs.'),
  first_id: orNull(text('Id of the first run of the page.')),
  last_id: orNull(text('Id of the last one: `after` of the next page.')),
  has_more: { type: 'boolean', description: 'Whether there are more after it.' },
});
