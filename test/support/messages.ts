/** A message of a client whose content does not matter. */
export const HELLO: { role: 'user'; content: string }[] = [{ role: 'user', content: 'Hello' }];
/** A request whose content does not matter. */
export const CHAT = { model: 'chat', messages: HELLO };
export const CHAT_JSON = JSON.stringify(CHAT);
/** A request for a stream, as it is sent to a model's server. */
export const MODEL_STREAM = { model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] };
/** The parameter that asks for the usage at the end of a stream. */
export const WITH_USAGE = { stream_options: { include_usage: true } };
/** The header that asks for the events of steps. */
export const WITH_EVENTS = { 'millrace-events': 'true' };
/** The header of a request that is sent again. */
export const ORDER_KEY = { 'idempotency-key': 'order-1' };
/** The time until a limit is reset, as `x-ratelimit-reset-…` has it. */
export const DURATION = /^(?:(?:\d+m)?\d+(?:\.\d+)?s|\d+ms)$/;
