/** Names under which this server, and not a user or model, puts words into metadata and events. */
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

/** Ids, names of models, codes: a few words at most, none of them a sentence. */
const TECHNICAL_WORDS = /^[\w.:/@,+-]{1,128}( [\w.:/@,+-]{1,64}){0,8}$/;

const ID_LIKE = /^[\w.:/@+-]{1,128}$/;

/**
 * What may be kept of metadata where content may not: numbers, booleans, and the ids and codes of this server's own. A
 * client's metadata can hold anything, so words under other names are left out.
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
 * What may be kept of a status message where content may not: the code before its colon, and an HTTP status. What follows
 * can quote what a user or model wrote.
 */
export function pickTechnicalStatus(message: string): string {
  const [, code, abortCause] = /^([\w.-]{1,64})(?:: ([a-z_ ]{1,40})$)?/.exec(message) ?? [];
  if (code === 'aborted' && abortCause !== undefined) return `${code}: ${abortCause}`;
  const [status] = /\bstatus \d{3}\b/.exec(message) ?? [];
  if (code === undefined) return status ?? '<not captured>';
  return status === undefined ? code : `${code}: ${status}`;
}
