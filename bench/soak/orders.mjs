/** The words of a short completion, one for each chunk. */
export const SHORT_TEXT = ['One ', 'two ', 'three ', 'four ', 'five'];

/** What goes wrong at an upstream: each ends a run with an error, before its first token or after. */
export const UPSTREAM_FAULTS = [
  'status-400',
  'status-401',
  'status-404',
  'status-429',
  'status-500',
  'status-503',
  'no-json',
  'hang-up',
  'cut',
  'no-end',
  'garbage',
  'error-frame',
  'not-streamed',
];

/**
 * The body of a request for a chat completion.
 * @param {string} deed what the fake upstream does
 * @param {boolean} [stream]
 */
export function makeBody(deed, stream = true) {
  return JSON.stringify({ model: 'chat', stream, messages: [{ role: 'user', content: `Please: soak=${deed}` }] });
}
