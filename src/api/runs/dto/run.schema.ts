import { RUN_ERROR_SCHEMA, USAGE_INCOMPLETE } from './run-event.schema.js';
import { WAIT_SCHEMA } from './wait.schema.js';
import { schemaParts } from '../../wire/index.js';

const { anyObject, anything, choice, count, list, object, orNull, refer, text } = schemaParts;
type RunSchema = schemaParts.DescribedSchema;

/** Where a run can stand, as clients are told. */
export const RUN_STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

const SECONDS = (description: string): RunSchema => count(`${description} Seconds since the Unix epoch.`);

const STEP = object(
  'One step of the run.',
  {
    node: text('Key of the step.'),
    kind: text('Its kind.'),
    status: choice(['running', 'completed', 'failed'], 'Where it stands.'),
    attempt: count('How often it was begun.'),
    started_at: SECONDS('When it began the last time.'),
    elapsed_ms: orNull(count('How long it took, in milliseconds; null while it runs.')),
    usage: orNull(refer('CompletionUsage', 'Tokens; null if no model told.')),
    finish_reason: orNull(text('Why its models stopped.')),
  },
  { output: anything('Its output, if clients have read the same, or the key may look inside runs (`RUNS_INSPECT`).') },
);

const SEGMENT = object('What a client sees of the run under an id of its own.', {
  completion_id: orNull(text('Id of the chat completion.')),
  response_id: orNull(text('Id of the response.')),
  from: count('Number of its first event.'),
});

/** A run, as clients see it. */
export const RUN_SCHEMA: RunSchema = object(
  'One execution of a workflow that outlives its request.',
  {
    id: text('Id of the run.'),
    object: choice(['run'], 'Always `run`.'),
    created_at: SECONDS('When it was asked for.'),
    run_at: SECONDS('When it begins at the earliest.'),
    started_at: orNull(SECONDS('When it began; null until then.')),
    finished_at: orNull(SECONDS('When it ended; null until then.')),
    deadline: orNull(SECONDS('When it has to have ended; null until it has begun, and while it waits for an answer.')),
    status: choice(RUN_STATUSES, 'Where it stands. The last three never change.'),
    model: text('The workflow, by the name that the request asked for.'),
    workflow_version: orNull(text('The version that its author gave the workflow.')),
    attempts: count(
      'How often it was begun: more than once if a process that had it at work has ended, or it has failed and is tried again. To go on with an answer is no beginning.',
    ),
    priority: count('From 0 to 9; runs with 9 begin first.'),
    metadata: anyObject('As the request gave it.'),
    usage: orNull(refer('CompletionUsage', 'Tokens of the whole run; null if no model told, or until it has ended.')),
    finish_reason: orNull(text('Why its models stopped; null unless it has completed.')),
    error: orNull({ ...RUN_ERROR_SCHEMA, description: 'What it failed with; else null.' }),
    output: orNull(text('All that it said; null until it has completed.')),
    waits: list(WAIT_SCHEMA, 'What it waits for while it is `waiting`; else empty.'),
    segments: list(SEGMENT, 'What clients see of it, in order.'),
  },
  {
    usage_incomplete: USAGE_INCOMPLETE,
    result: anything('What the workflow returns, if clients have read the same, and it is not just the text.'),
    steps: list(STEP, 'Its steps so far, in the order in which they began. Only with `include=steps`.'),
  },
);

/** A page of runs. */
export const RUN_LIST_SCHEMA: RunSchema = object('A page of runs.', {
  object: choice(['list'], 'Always `list`.'),
  data: list({ $ref: '#/components/schemas/Run' }, 'The runs.'),
  first_id: orNull(text('Id of the first run of the page.')),
  last_id: orNull(text('Id of the last one: `after` of the next page.')),
  has_more: { type: 'boolean', description: 'Whether there are more behind it.' },
});
