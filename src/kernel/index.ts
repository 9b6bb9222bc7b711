export { rejectOnAbort, settleInTime, settleOrAbort } from './abort.js';
export { assertNever } from './assert-never.js';
export { writeBoundedJson } from './bounded-json.js';
export { findListenerErrorHandler, type AbortNotice, Cancellation } from './cancellation.js';
export { Clock, isTimerMs, MAX_TIMER_MS, SystemClock, type Timer, TIMER_TOLERANCE_MS } from './clock.js';
export { countSlips } from './count-slips.js';
export { cutText } from './cut-text.js';
export { describeKind, describeValue } from './describe-value.js';
export { describeError, ensureError, isError } from './ensure-error.js';
export { findErrorCode, readErrorCode } from './error-code.js';
export { CONTROLS_IN_LINES, escapeControls, escapeControlsInLines } from './escape-controls.js';
export { followWork } from './follow-work.js';
export { isHeaderValue } from './header-value.js';
export { readFileLimit } from './file-limit.js';
export { readFileState } from './file-state.js';
export { holdProcess, holdProcessUntil } from './hold-process.js';
export { IdSource, RandomIdSource } from './ids.js';
export { isPresent } from './is-present.js';
export { isJsonObject, type JsonObject } from './json-object.js';
export { type JsonValue, toJsonValue } from './json-value.js';
export {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-codes.js';
export { countValues, findExcess, hasMoreValues, type JsonLimits } from './json-limits.js';
export { redactBeginning, redactPlaces, redactSecrets } from './redact.js';
export { type Place, Semaphore } from './semaphore.js';
export { sha256 } from './sha256.js';
export { sleep } from './sleep.js';
export { tryParseJson, tryWriteJson } from './try-json.js';
export { findUnsafeNumber, isSameNumber } from './unsafe-number.js';
export { VERSION } from './version.js';
