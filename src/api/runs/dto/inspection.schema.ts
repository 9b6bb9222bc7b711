import { schemaParts } from '../../wire/index.js';
import { RUN_ERROR_SCHEMA } from './run-event.schema.js';

const { anyObject, anything, choice, count, flag, list, object, orNull, refer, text } = schemaParts;

const MS = (description: string): schemaParts.DescribedSchema =>
  count(`${description} Milliseconds since the Unix epoch.`);

const COST = object('Its cost, if the prices of all its models are known.', {
  usd: { type: 'number', description: 'US dollars.' },
  prices: text(
    '`configuration` (`MODEL_PRICES`), the day of the shipped table that the price is from, or `several` for a sum of both.',
  ),
});

const EVENT = {
  ...anyObject(
    "One thing that happened in the step. `type` is `model-call` (`provider`, `model`, `answered_by`, `messages` as they were sent, `parameters` with the tools that were offered, `output`, `outcome`, `failure`, `usage`, `cost`, `first_token_at`, `retries` with their reasons), `tool` (`name`, `input`, `output`, `failure`), `span` (what an author times) or `note` (`name`: `retry`, `fallback`, `repair`, `tools-not-run`, `progress`, or an author's own; `data`). `within` names the `span` around it. Times are in milliseconds since the Unix epoch.",
  ),
};

const STEP = object(
  'One step, each time that it ran.',
  {
    node: text('Key of the step.'),
    kind: text('Its kind.'),
    visible: flag('Whether clients see its output.'),
    status: choice(['running', 'completed', 'failed', 'recovered', 'aborted'], 'Its status.'),
    started_at: MS('When it began.'),
    ended_at: orNull(MS('When it ended; null until then.')),
    error: orNull({ ...RUN_ERROR_SCHEMA, description: 'The error; else null.' }),
    usage: orNull(refer('CompletionUsage', 'Tokens; null if no model reported any.')),
    cost: orNull(COST),
    events: list(EVENT, 'What happened in it, in order.'),
  },
  {
    input: anything('Its input.'),
    output: anything('Its output.'),
    branch: text('The chosen branch, if it is a route.'),
  },
);

/** The inside of a run, for callers who may inspect it. */
export const INSPECTION_SCHEMA = object(
  'Inputs and outputs of the steps, models and tools of a run. Without secrets; very long values are cut, with a note.',
  {
    id: text('Id of the run.'),
    object: choice(['run.inspection'], 'Always `run.inspection`.'),
    model: text('The workflow, by the name that the request asked for.'),
    workflow: text('Id of the workflow.'),
    status: choice(['running', 'waiting', 'completed', 'failed'], 'The status of the run.'),
    started_at: MS('When it began.'),
    ended_at: orNull(MS('When it ended, or began to wait for an answer; null until then.')),
    trace_id: orNull(text('Id of its trace, if it is traced.')),
    trace_url: orNull(text('Address of the trace, if known.')),
    error: orNull({ ...RUN_ERROR_SCHEMA, description: 'The error; else null.' }),
    usage: orNull(refer('CompletionUsage', 'Tokens of the run; null if no model reported any, or until it has ended.')),
    cost: orNull(COST),
    truncated: flag('Whether something was left out, because the recording of the run had reached its limit.'),
    steps: list(STEP, 'Its steps so far, in the order in which they began.'),
  },
);
