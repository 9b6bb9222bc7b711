export { abortable, settledInTime, settledOrAborted } from './abort.js';
export { assertNever } from './assert-never.js';
export { boundedJson, type ShortenText } from './bounded-json.js';
export {
  abortListenerErrorHandler,
  type AbortNotice,
  Cancellation,
  type ListenerErrorHandler,
} from './cancellation.js';
export { Clock, isTimerMs, MAX_TIMER_MS, SystemClock, type Timer, TIMER_TOLERANCE_MS } from './clock.js';
export { cutText } from './cut-text.js';
export { describeValue } from './describe-value.js';
export { describeError, ensureError, type ErrorDescription, isError } from './ensure-error.js';
export { escapeControls, escapeControlsInLines } from './escape-controls.js';
export { readFileLimit } from './file-limit.js';
export { readErrorCode, readFileState } from './file-state.js';
export { holdProcess, whileHeld } from './hold-process.js';
export { IdSource, RandomIdSource } from './ids.js';
export { isJsonObject, type JsonObject } from './json-object.js';
export { countValues, findExcess, hasMoreValues, type JsonExtent } from './json-values.js';
export { redactBeginning, redactPlaces, redactSecrets } from './redact.js';
export { sha256 } from './sha256.js';
export { sleep } from './sleep.js';
export { findUnsafeNumber, isSameNumber, isUnsafeNumber } from './unsafe-number.js';
export { VERSION } from './version.js';
