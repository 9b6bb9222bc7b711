/**
 * Finds the error object in the body of an error response. OpenAI sends `{error: {…}}`, Google a list of these, Mistral and
 * Bedrock the object itself. Mistral's `message` may hold the faults of a validation, which are joined into one text.
 */
export function findErrorObject(body: unknown): object | undefined {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== 'object' || first === null) return undefined;
  const error: unknown = 'error' in first ? first.error : first;
  if (typeof error === 'string') return { message: error };
  if (typeof error !== 'object' || error === null) return undefined;
  const detail = findDetail('message' in error ? error.message : undefined) ?? findDetail(error);
  return detail === undefined ? error : { ...error, message: detail };
}

/** Joins the faults that FastAPI reports as `{detail: [{loc, msg}]}` into `msg (loc.loc); …`. */
function findDetail(holder: unknown): string | undefined {
  if (typeof holder !== 'object' || holder === null || !('detail' in holder)) return undefined;
  const { detail } = holder;
  if (typeof detail === 'string') return detail;
  if (!Array.isArray(detail)) return undefined;
  const faults = detail.flatMap((fault: { msg?: unknown; loc?: unknown } | null) =>
    typeof fault?.msg === 'string'
      ? [Array.isArray(fault.loc) ? `${fault.msg} (${writePlace(fault.loc)})` : fault.msg]
      : [],
  );
  return faults.length === 0 ? undefined : faults.join('; ');
}

/** Writes the place of a fault: a list of names and indexes, whose first entry only names the part of the request. */
function writePlace(loc: readonly unknown[]): string {
  return loc
    .slice(1)
    .filter((step) => typeof step === 'string' || typeof step === 'number')
    .join('.');
}
