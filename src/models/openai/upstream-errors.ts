import { APIConnectionError, APIConnectionTimeoutError, APIError, OpenAIError } from 'openai/core/error';
import { MillraceError, OverloadedError, toMillraceError, UpstreamError } from '../../errors/index.js';
import { redactPlaces, redactSecrets, CONTROLS_IN_LINES } from '../../kernel/index.js';
import { describeConnectionFault, readFaultCodes } from './connection-fault.js';
import { isDailyQuota, readRetryDelay } from './google-error-details.js';
import { readRetryAfter } from './retry-after.js';

/** An upstream's error object; any part may be missing or of another type. */
interface UpstreamErrorBody {
  readonly message?: unknown;
  readonly param?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  /** Google's kind of the error. */
  readonly status?: unknown;
  /** Google's lists of exhausted quotas and retry delays. */
  readonly details?: unknown;
  /** OpenRouter: `reasons` and `flagged_input` if its moderation refuses a request. */
  readonly metadata?: unknown;
}

const MAX_MESSAGE_LENGTH = 1_000;
/** How much of a message is searched for a used-up quota, in characters. */
const MAX_QUOTA_SENTENCE = 300;
/** How much of a message is read, in characters: it can be as long as the body, and is cut anyway. */
const MAX_READ_LENGTH = 4_000;
/** The form of `code`, `param` and `type` if they are words of a protocol: `context_length_exceeded`, `messages[0].role`. */
const WORD = /^[\w.[\]-]{1,64}$/;

/**
 * Vendors' codes or types for an account without money or quota, with any status: OpenAI (and gateways), Moonshot, GLM,
 * DashScope, Volcengine. Status 402 needs no code.
 */
const QUOTA_WORDS: ReadonlySet<unknown> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  'insufficient_user_quota',
  'exceeded_current_quota_error',
  '1113',
  'Arrearage',
  'AccountOverdueError',
]);

/**
 * Messages for it from vendors without such a code: Anthropic (400), xAI and SiliconFlow (403), Fireworks (412), Gemini
 * (429). Such messages never repeat a client's text.
 */
const QUOTA_SENTENCE =
  /credit balance is too low|(?:account )?balance is (?:insufficient|not enough)|insufficient (?:account )?(?:balance|credits?|funds)|does(?: not|n't) have any credits|credits are depleted|monthly spending limit|余额不足/i;

/** Statuses for the codes of errors that come without a status. */
const STATUS_BY_WORD: ReadonlyMap<unknown, number> = new Map([
  ...[...QUOTA_WORDS].map((code): [unknown, number] => [code, 402]),
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['rate_limited', 429],
  ['requests', 429],
  ['tokens', 429],
  ['RESOURCE_EXHAUSTED', 429],
  ['context_length_exceeded', 400],
  ['invalid_request_error', 400],
  ['BadRequestError', 400],
  ['INVALID_ARGUMENT', 400],
]);

/** Server errors that a retry cannot heal, such as Not Implemented. */
const FINAL_SERVER_ERRORS: ReadonlySet<number> = new Set([501, 505, 506, 508, 510, 511]);
/** Codes of a connection that was not made in time. */
const CONNECT_TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
/** Codes for a lack of descriptors or buffers on this machine, which is not the provider's fault. */
const LOCAL_SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS']);
/** How long clients are then asked to wait, in milliseconds. */
const SHORTAGE_RETRY_AFTER_MS = 2_000;

/**
 * Makes the client's error for a failed model call from what the SDK threw.
 * @param streamSetting name of the setting that turns streaming off for this provider, for the log if it refuses to stream
 */
export function makeUpstreamError(thrown: unknown, streamSetting?: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  // The SDK wraps an error of the function that gives the key.
  if (thrown instanceof OpenAIError && thrown.cause instanceof MillraceError) return thrown.cause;
  if (thrown instanceof APIConnectionTimeoutError) return makeUpstreamTimeoutError('before its response', thrown);
  if (thrown instanceof APIConnectionError) return makeUnreachableError(thrown);
  if (thrown instanceof APIError && thrown.status !== undefined) {
    const { status, headers } = thrown;
    const body = readBody(thrown.error);
    return isStreamRefused(status, body)
      ? makeStreamRefusedError(status, body, streamSetting)
      : makeStatusError(status, body, headers);
  }
  // Any other error did not come from the upstream.
  return toMillraceError(thrown);
}

/** Makes the client's error for an error object in a stream or in a completion with status 200. */
export function makeReportedError(body: unknown): UpstreamError {
  const status = readStatus(readBody(body));
  if (status !== undefined) return makeStatusError(status, readBody(body), undefined);
  return new UpstreamError('The model provider reported an error while it was answering.', {
    diagnostic: writeDiagnostic(undefined, readBody(body)),
  });
}

/** Reads the status of an error in a stream: servers write it as the code, or as a word. */
function readStatus({ code, type, status }: UpstreamErrorBody): number | undefined {
  const number = typeof code === 'string' ? Number(code) : code;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 400 && number < 600) return number;
  return STATUS_BY_WORD.get(code) ?? STATUS_BY_WORD.get(type) ?? STATUS_BY_WORD.get(status);
}

/**
 * Makes the error for an upstream that was silent too long.
 * @param when completes "it was silent …"
 */
export function makeUpstreamTimeoutError(when: string, cause?: unknown): UpstreamError {
  return new UpstreamError(`The model provider took too long: it was silent ${when}.`, {
    status: 504,
    code: 'upstream_timeout',
    diagnostic: `timeout: silent ${when}`,
    cause,
  });
}

/** Whether an upstream failed because it was too slow or silent. */
export function isTimeout(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'upstream_timeout';
}

/** Makes the error for a response that breaks the protocol. */
export function makeBadCompletionError(what: string): UpstreamError {
  return new UpstreamError(`The model provider's response could not be used: ${what}.`, {
    code: 'upstream_bad_answer',
    diagnostic: `bad response: ${what}`,
  });
}

/**
 * Makes the error for a completion that is too large.
 * @param limit most characters of a completion
 */
export function makeCompletionTooLargeError(limit: number, cause?: unknown): UpstreamError {
  return new UpstreamError(
    `The model provider's response is larger than the ${limit} characters that this server takes of one response.`,
    // Another try would cost as much again.
    { code: 'upstream_answer_too_large', retryable: false, cause },
  );
}

/**
 * Makes the error for a completion with too many tool calls.
 * @param limit most tool calls of a completion
 */
export function makeTooManyToolCallsError(limit: number): UpstreamError {
  return new UpstreamError(`The model asked for more than ${limit} tool calls in one completion.`, {
    code: 'upstream_too_many_tool_calls',
    retryable: false,
  });
}

/** Makes the error for a connection that broke in the middle of a completion. */
export function makeConnectionLostError(cause: unknown): UpstreamError {
  return new UpstreamError('The connection to the model provider broke while it was answering.', {
    code: 'upstream_connection_lost',
    diagnostic: describeConnectionFault(cause),
    cause,
  });
}

function makeUnreachableError(cause: unknown): MillraceError {
  if (hasCode(cause, LOCAL_SHORTAGES)) {
    return new OverloadedError('The server is busy with other requests. Try again in a moment.', {
      code: 'server_overloaded',
      retryAfterMs: SHORTAGE_RETRY_AFTER_MS,
      diagnostic:
        'this process may open no further connection to a model provider; raise the limit: ulimit -n, LimitNOFILE, nofile',
      cause,
    });
  }
  if (hasCode(cause, CONNECT_TIMEOUTS)) {
    return new UpstreamError('The model provider took too long: no connection to it came about.', {
      status: 504,
      code: 'upstream_connect_timeout',
      diagnostic: describeConnectionFault(cause),
      cause,
    });
  }
  return new UpstreamError('The model provider cannot be reached.', {
    code: 'upstream_unreachable',
    diagnostic: describeConnectionFault(cause),
    cause,
  });
}

/** Whether the upstream refuses to stream. The client's `stream` is never passed on, so it means this server's. */
function isStreamRefused(status: number, { param }: UpstreamErrorBody): boolean {
  return (status === 400 || status === 422) && param === 'stream';
}

function makeStreamRefusedError(status: number, body: UpstreamErrorBody, setting = '<PROVIDER>_STREAM'): UpstreamError {
  return new UpstreamError(
    'The model provider does not stream its completions to this server. Its operator must set that right.',
    {
      code: 'upstream_cannot_stream',
      retryable: false,
      diagnostic: `${writeDiagnostic(status, body)}; set ${setting}=off to ask for whole completions`,
    },
  );
}

function makeStatusError(status: number, body: UpstreamErrorBody, headers: Headers | undefined): UpstreamError {
  const isQuota = isQuotaUsedUp(status, body);
  const retryAfterMs = readRetryAfter(headers) ?? (isQuota ? undefined : readRetryDelay(body.details));
  const retryable = readRetryAdvice(headers) ?? isTransient(status);
  const details = {
    diagnostic: writeDiagnostic(status, body),
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  if (isQuota) {
    return new UpstreamError('The quota of this server at its model provider is used up.', {
      ...details,
      status: 429,
      type: 'insufficient_quota',
      code: 'insufficient_quota',
      retryable: false,
    });
  }
  if (status === 403 && isModerated(body)) {
    return new UpstreamError('The model provider refused the request: its moderation objects to what it says.', {
      ...details,
      status: 400,
      type: 'invalid_request_error',
      code: 'content_filter',
    });
  }
  switch (status) {
    case 400:
    case 413:
    case 422:
      return new UpstreamError(writeClientMessage(body), {
        ...details,
        status,
        type: 'invalid_request_error',
        code: readWord(body.code),
        param: readWord(body.param),
      });
    case 401:
    case 403:
      // The server's own credential is at fault, and the upstream's message quotes it.
      return new UpstreamError(
        "The model provider refused this server's credentials. Its operator must set them right.",
        { ...details, code: 'upstream_authentication' },
      );
    case 404:
    case 405:
    case 410:
      return new UpstreamError(
        'The model provider does not know the model or address that this server is set to use.',
        { ...details, code: 'upstream_not_found' },
      );
    case 429:
      return new UpstreamError('The model provider limits the rate of requests. Try again later.', {
        ...details,
        status: 429,
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
      });
    case 408:
    case 504:
      return new UpstreamError('The model provider took too long to answer.', {
        ...details,
        status: 504,
        code: 'upstream_timeout',
      });
    default:
      return new UpstreamError('The model provider failed.', details);
  }
}

/** Reads the upstream's advice on retries as OpenAI's SDKs do; undefined if it gives none. */
function readRetryAdvice(headers: Headers | undefined): boolean | undefined {
  const advice = headers?.get('x-should-retry');
  return advice === 'true' ? true : advice === 'false' ? false : undefined;
}

/** Whether a retry may succeed: as in OpenAI's SDKs, except for server errors that are permanent. */
function isTransient(status: number): boolean {
  if (status >= 500) return !FINAL_SERVER_ERRORS.has(status);
  return status === 408 || status === 409 || status === 425 || status === 429;
}

function isQuotaUsedUp(status: number, { code, type, details, message }: UpstreamErrorBody): boolean {
  if (status === 402) return true;
  if (status >= 500) return false;
  if (QUOTA_WORDS.has(code) || QUOTA_WORDS.has(type) || isDailyQuota(details)) return true;
  return typeof message === 'string' && QUOTA_SENTENCE.test(message.slice(0, MAX_QUOTA_SENTENCE));
}

function isModerated({ metadata }: UpstreamErrorBody): boolean {
  return typeof metadata === 'object' && metadata !== null && ('reasons' in metadata || 'flagged_input' in metadata);
}

/** Writes the message of a 400 for the client, who needs it to correct the request. Secrets and addresses are redacted. */
function writeClientMessage({ message }: UpstreamErrorBody): string {
  if (typeof message !== 'string' || message === '') return 'The model provider did not accept the request.';
  // Redacted before the cut, because half a key is not recognised. The word at the end of the read part is dropped for the
  // same reason.
  const read = message.length > MAX_READ_LENGTH ? message.slice(0, MAX_READ_LENGTH).replace(/\S+$/, '') : message;
  return redactText(read.replace(CONTROLS_IN_LINES, ' ')).slice(0, MAX_MESSAGE_LENGTH);
}

/** Writes the diagnostic from words of fixed vocabularies only, because an upstream's message can hold users' text. */
function writeDiagnostic(status: number | undefined, { type, code }: UpstreamErrorBody): string {
  return `upstream${status === undefined ? '' : ` status ${status}`}, type ${writeWord(type)}, code ${writeWord(code)}`;
}

function writeWord(value: unknown): string {
  return typeof value === 'number' ? `${value}` : (readWord(value) ?? '-');
}

/** Reads a word of the protocol; null for anything else, or if it could be a key or an address. */
function readWord(value: unknown): string | null {
  return typeof value === 'string' && WORD.test(value) && redactText(value) === value ? value : null;
}

function redactText(text: string): string {
  return redactPlaces(redactSecrets(text));
}

function readBody(error: unknown): UpstreamErrorBody {
  return typeof error === 'object' && error !== null ? error : {};
}

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  return readFaultCodes(error).some((code) => codes.has(code));
}
