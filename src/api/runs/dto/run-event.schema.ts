import type { RunEvent } from '../../../engine/index.js';
import type { Delta } from '../../../streaming/index.js';
import { STEP_KINDS } from '../../../workflow/index.js';
import { schemaParts } from '../../wire/index.js';
import { WAIT_SCHEMA } from './wait.schema.js';

const { anything, choice, count, flag, list, anyObject, object, orNull, refer, text } = schemaParts;
type Fields = schemaParts.Fields;

const NODE = text('Key of the step; in a nested workflow preceded by the keys of the enclosing steps.');
const ELAPSED = count('How long the step took, in milliseconds.');
const USAGE = refer('CompletionUsage', 'Tokens; absent if no model reported any.');
/** Beside the usage of a run. */
export const USAGE_INCOMPLETE = flag(
  'True if more may have been used than was reported: a step was active when its process ended. Else absent.',
);
const NUMBER = count(
  'Number of the event: counted from 0 in each run, without gaps. The `id` of the event is the same.',
);
const TIME = count('When it happened, in milliseconds since the Unix epoch.');
const OBJECTS = (description: string): schemaParts.DescribedSchema =>
  list(anyObject('As the model gave it.'), description);

/** An error, in the events of a run and in the run itself. */
export const RUN_ERROR_SCHEMA = object(
  'What went wrong.',
  {
    code: orNull(text('Stable word that a program can branch on.')),
    type: text('Kind of the error.'),
    message: text('What went wrong, for people.'),
  },
  { node: text('The step that failed, if the workflow has several.') },
);

type EventFields = readonly [description: string, required: Fields, optional?: Fields];

function describeEvent(type: string, [description, required, optional = {}]: EventFields): schemaParts.DescribedSchema {
  const name = choice([type], 'The same as the name of the event.');
  return object(description, { type: name, ...required, n: NUMBER, at: TIME }, optional);
}

function describeDelta(
  types: readonly string[],
  description: string,
  required: Fields,
  optional: Fields = {},
): schemaParts.DescribedSchema {
  return object(description, { type: choice(types, 'The kind of piece.'), ...required }, optional);
}

const TEXT = describeDelta(
  ['content', 'reasoning', 'refusal'],
  'A piece of text.',
  { text: text('The next characters.') },
  { logprobs: OBJECTS('Log probabilities of its tokens, if requested.') },
);

const DELTAS: Readonly<Record<Delta['type'], schemaParts.DescribedSchema>> = {
  content: TEXT,
  reasoning: TEXT,
  refusal: TEXT,
  'tool-call': describeDelta(
    ['tool-call'],
    "A piece of a call of one of the client's own tools.",
    { index: count('Which call it belongs to.'), arguments: text('The next characters of its arguments or input.') },
    {
      id: text('Id of the call; in its first piece only.'),
      name: text('Name of the tool; in the first piece only.'),
      kind: choice(['custom'], 'Present for custom tools.'),
    },
  ),
  annotations: describeDelta(['annotations'], 'Sources that the model named.', {
    annotations: OBJECTS('The sources.'),
  }),
  images: describeDelta(['images'], 'Images that the model made.', { images: OBJECTS('The images.') }),
  audio: describeDelta(
    ['audio'],
    'A piece of spoken output.',
    {},
    {
      id: text('Id of the spoken output.'),
      data: text('The next bytes, in base64.'),
      transcript: text('The next words of the transcript.'),
      expires_at: count('Until when the id is known, in seconds since the Unix epoch.'),
    },
  ),
  mcp: describeDelta(
    ['mcp'],
    'What happens to an MCP server that the request names, and to calls of its tools.',
    {
      step: choice(
        ['listing', 'listed', 'calling', 'called', 'asking'],
        'The server is asked for its tools, it has listed them, a tool is called, the call has ended, or it needs an approval.',
      ),
      server: text('Label of the server.'),
    },
    {
      tools: OBJECTS('Of `listed`: the tools.'),
      call: text('Of a call: its id.'),
      name: text('Of a call: name of the tool.'),
      arguments: text('Of a call: its arguments, as JSON.'),
      approval: text('Of `calling`: id of the approval that the client gave.'),
      output: text('Of `called`: the output of the tool.'),
      error: anything('Of `listed` and `called`: what went wrong.'),
    },
  ),
};

const DELTA: schemaParts.DescribedSchema = {
  description: 'The new piece. Pieces of one step and type belong together.',
  oneOf: [...new Set(Object.values(DELTAS))],
};

const EVENTS: Readonly<Record<RunEvent['type'], EventFields>> = {
  'run-started': [
    'The run has begun.',
    { model: text('The workflow, by the name that the request asked for.') },
    { trace_id: text('Id of the trace; absent if the run is not traced.') },
  ],
  'run-resumed': [
    'The run continues after its process has ended, or after it has failed.',
    {
      epoch: count('Which attempt this is: `attempts` of the run.'),
    },
  ],
  'node-restarted': [
    'The output of a step is void: the step sends all of it again.',
    {
      node: NODE,
      from: count('Number of the first delta that is void.'),
      to: count('Number of the last one. All deltas of the step between the two are void.'),
    },
  ],
  'node-started': [
    'A step has begun.',
    {
      node: NODE,
      // Waits have no usage.
      kind: choice(
        STEP_KINDS.filter((kind) => kind !== 'interrupt'),
        'Its kind.',
      ),
      visible: flag('Whether clients see its output.'),
    },
  ],
  'node-progress': [
    'A step reports its progress.',
    { node: NODE, message: text("In its author's words.") },
    { data: anything('Data of the author.') },
  ],
  'route-taken': ['A route has chosen.', { node: NODE, branch: text('Name of the branch.') }],
  'model-identified': [
    'A model has named itself.',
    { node: NODE, model: orNull(text('Its name; null if it reported only its build.')) },
    { system_fingerprint: text('Its build.') },
  ],
  delta: ['New output of a visible step.', { node: NODE, delta: DELTA }],
  'node-finished': [
    'A step has finished.',
    { node: NODE, visible: flag('Whether clients saw its output.'), elapsed_ms: ELAPSED },
    { usage: USAGE, output: anything('Its output, if the deltas had the same.') },
  ],
  'node-failed': [
    'A step has failed, or was ended with its run.',
    {
      node: NODE,
      elapsed_ms: ELAPSED,
      error: RUN_ERROR_SCHEMA,
      recovered: flag('Whether the run continues with a substitute.'),
    },
  ],
  'run-waiting': [
    'All steps that could run have ended, and the run waits for answers.',
    {
      waits: list(WAIT_SCHEMA, 'The open waits.'),
    },
  ],
  'run-retrying': [
    'The run has failed and will be tried again; its finished steps do not run again.',
    {
      error: RUN_ERROR_SCHEMA,
      retry_at: count('Earliest time of the next attempt, in seconds since the Unix epoch.'),
    },
  ],
  'run-continued': ['A wait is over, and the run continues.', { name: text('Name of the wait.') }],
  'run-finished': [
    'The last event of a run that has completed.',
    { finish_reason: text('The finish reason of its models: the worst of the visible steps.') },
    {
      usage: USAGE,
      usage_incomplete: USAGE_INCOMPLETE,
      result: anything('The result of the workflow, if the deltas had the same, and it is more than the text.'),
    },
  ],
  'run-failed': [
    'The last event of a run that has failed. The code of a cancelled run is `cancelled`.',
    { error: RUN_ERROR_SCHEMA },
    { usage: USAGE, usage_incomplete: USAGE_INCOMPLETE },
  ],
};

/** The data of one event of a run's stream. */
export const RUN_EVENT_SCHEMA: schemaParts.DescribedSchema = {
  description: 'One event of a run. The last one is `run-finished` or `run-failed`.',
  oneOf: Object.entries(EVENTS).map(([type, fields]) => describeEvent(type, fields)),
};
