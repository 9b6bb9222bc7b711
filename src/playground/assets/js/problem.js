/** @import { NodeEvent, Problem } from './types.js' */

/** A response with an error status, or an error frame of a stream, with what the server's envelope says. */
export class ApiError extends Error {
  /**
   * @param {{ message?: unknown, code?: unknown } | undefined} error the envelope's object, if there is one
   * @param {number | undefined} status undefined for an error in the middle of a stream
   * @param {Headers} [headers]
   * @param {readonly NodeEvent[]} [events] what happened before
   */
  constructor(error, status, headers, events = []) {
    super(typeof error?.message === 'string' ? error.message : `The server responded with status ${status}.`);
    this.status = status;
    this.code = typeof error?.code === 'string' ? error.code : undefined;
    this.headers = headers;
    this.events = events;
  }

  /** Seconds after which another try makes sense, if the server has sent it. */
  get retryAfter() {
    const seconds = Number(this.headers?.get('retry-after') ?? NaN);
    return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  }
}

/** The stream broke off before its end. */
export class BrokenStreamError extends Error {}

/** Shown for a reply that was incomplete when the page was left. @type {Problem} */
export const INTERRUPTED = {
  title: 'Interrupted by a reload',
  text: 'The page was reloaded or closed before the reply was complete. What had come is kept.',
};

/** Describes a failure to a person. @param {unknown} error @returns {Problem} */
export function describeProblem(error) {
  if (error instanceof ApiError) return describeApiError(error);
  if (error instanceof BrokenStreamError || (error instanceof TypeError && isNetwork(error))) {
    return error instanceof BrokenStreamError
      ? { title: 'The connection broke', text: 'The reply ended before it was complete. What came is kept.' }
      : { title: 'The server cannot be reached', text: 'Is it running, and is this machine online? Then try again.' };
  }
  return { title: 'The page failed', text: error instanceof Error ? error.message : String(error) };
}

/** @param {ApiError} error @returns {Problem} */
function describeApiError(error) {
  const { status, message, code, retryAfter } = error;
  const shown = { text: message, ...(code !== undefined && { code }) };
  if (status === 401) return { ...shown, title: 'The server asks for an API key', needsKey: true };
  const when =
    retryAfter === undefined ? '' : ` Try again in ${retryAfter === 1 ? 'a second' : `${retryAfter} seconds`}.`;
  if (status === 429) return { ...shown, title: 'Too many requests', text: message + when };
  if (status === undefined) return { ...shown, title: 'The reply broke off' };
  if (status < 500) return { ...shown, title: 'The server refused the request' };
  return { ...shown, title: 'The server could not process the request', text: message + when };
}

/** @param {TypeError} error of `fetch` or of a body that is being read */
function isNetwork({ message }) {
  return /fetch|network|load failed/i.test(message);
}
