/** Names of metadata and event data that this server writes, and not a user or model. */
const TECHNICAL_NAMES: ReadonlySet<string> = new Set([
  'alias',
  'attempt',
  'code',
  'finish_reason',
  'from',
  'model',
  'reason',
  'request_id',
  'run_id',
  'status',
  'to',
  'traceparent',
  'type',
  'version',
  'workflow',
]);

/** Matches ids, model names and codes: a few words, not a sentence. */
const TECHNICAL_WORDS = /^[\w.:/@,+-]{1,128}( [\w.:/@,+-]{1,64}){0,8}$/;

const ID_LIKE = /^[\w.:/@+-]{1,128}$/;

/**
 * Picks the metadata that may be kept without content: numbers, booleans, and the server's own ids and codes. A client's
 * metadata can hold anything, so words under other names are dropped.
 */
export function pickTechnicalFacts(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(facts).filter(
      ([name, value]) =>
        typeof value === 'number' ||
        typeof value === 'boolean' ||
        (typeof value === 'string' &&
          TECHNICAL_NAMES.has(name) &&
          (name === 'reason' ? TECHNICAL_WORDS : ID_LIKE).test(value)),
    ),
  );
}

/**
 * Picks the parts of a status message that may be kept without content: the code before its colon, and an HTTP status. The
 * rest can quote a user or a model.
 */
export function pickTechnicalStatus(message: string): string {
  const [, code, abortCause] = /^([\w.-]{1,64})(?:: ([a-z_ ]{1,40})$)?/.exec(message) ?? [];
  if (code === 'aborted' && abortCause !== undefined) return `${code}: ${abortCause}`;
  const [status] = /\bstatus \d{3}\b/.exec(message) ?? [];
  if (code === undefined) return status ?? '<not captured>';
  return status === undefined ? code : `${code}: ${status}`;
}
