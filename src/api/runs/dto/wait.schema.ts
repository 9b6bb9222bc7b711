import { schemaParts } from '../../wire/index.js';

const { anyObject, anything, choice, count, object, orNull, text } = schemaParts;

/** A wait for an answer that is open, as clients see it. */
export const WAIT_SCHEMA = object('An open wait of the run.', {
  name: text('Its name.'),
  call_id: text('Id of its function call in completions and responses.'),
  shown: anything('What is shown to the person who answers.'),
  schema: anyObject('JSON Schema of the answer.'),
  asked_at: count('When it was asked. Seconds since the Unix epoch.'),
  expires_at: orNull(
    count('Until when it can be answered, in seconds since the Unix epoch; null: as long as it is open.'),
  ),
});

/** The response to an answer. */
export const ANSWERED_WAIT_SCHEMA = object('An answered wait.', {
  object: choice(['run.wait'], 'Always `run.wait`.'),
  name: text('Its name.'),
  status: choice(['answered'], 'Always `answered`.'),
});
