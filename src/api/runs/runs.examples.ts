/** Requests that work unchanged on a fresh installation; Swagger UI offers them. */
export const requestExamples = {
  input: { summary: 'A text', value: { model: 'chat', input: 'What is a millrace?', metadata: { ticket: 'T-1' } } },
  messages: {
    summary: 'A conversation, ahead of others that wait',
    value: {
      model: 'default',
      messages: [{ role: 'user', content: 'Hello, how are you?' }],
      priority: 9,
    },
  },
};

/** A run that has just been asked for. */
export const queuedExample = {
  id: 'run_4e1f0c9d8b7a695847362514',
  object: 'run',
  created_at: 1795344000,
  run_at: 1795344000,
  started_at: null,
  finished_at: null,
  deadline: null,
  status: 'queued',
  model: 'chat',
  workflow_version: null,
  attempts: 0,
  priority: 5,
  metadata: { ticket: 'T-1' },
  usage: null,
  finish_reason: null,
  error: null,
  output: null,
  waits: [],
  segments: [{ completion_id: null, response_id: null, from: 0 }],
};

/** The same when it has ended. */
export const completedExample = {
  ...queuedExample,
  started_at: 1795344000,
  finished_at: 1795344002,
  deadline: 1795347600,
  status: 'completed',
  attempts: 1,
  usage: { prompt_tokens: 24, completion_tokens: 10, total_tokens: 34 },
  finish_reason: 'stop',
  output: 'A channel that leads water to a mill wheel.',
};

/** The run that a path names. */
export const RUN_ID_PARAMETER = {
  name: 'id',
  type: String,
  description: 'Id of the run.',
  example: completedExample.id,
};

/** A short stream as it is on the wire. */
export const streamExample = [
  'retry: 2000\nid: 0\nevent: run-started\ndata: {"type":"run-started","model":"chat","n":0,"at":1795344000123}',
  'id: 1\nevent: node-started\ndata: {"type":"node-started","node":"reply","kind":"agent-streaming","visible":true,"n":1,"at":1795344000124}',
  'id: 2\nevent: delta\ndata: {"type":"delta","node":"reply","delta":{"type":"content","text":"Hello"},"n":2,"at":1795344000480}',
  'id: 3\nevent: node-finished\ndata: {"type":"node-finished","node":"reply","visible":true,"elapsed_ms":412,"n":3,"at":1795344000536}',
  'id: 4\nevent: run-finished\ndata: {"type":"run-finished","finish_reason":"stop","n":4,"at":1795344000536}',
].join('\n\n');

/** One event. */
export const eventExample = {
  type: 'delta',
  node: 'reply',
  delta: { type: 'content', text: 'Hello' },
  n: 2,
  at: 1795344000480,
};
