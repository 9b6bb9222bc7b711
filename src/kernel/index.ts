export { abortable, settledOrAborted } from './abort.js';
export { assertNever } from './assert-never.js';
export { type AbortNotice, Cancellation } from './cancellation.js';
export { Clock, SystemClock, type Timer, TIMER_TOLERANCE_MS } from './clock.js';
export { ensureError } from './ensure-error.js';
export { sha256 } from './sha256.js';
export { sleep } from './sleep.js';
export { IdSource, RandomIdSource } from './ids.js';
