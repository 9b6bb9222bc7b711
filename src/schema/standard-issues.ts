import type { StandardIssue } from './standard-schema.js';
import type { OutputFault } from './structured-output-error.js';

/**
 * Turns the issues that a schema found in an output into faults. Some libraries quote the value in their messages (valibot:
 * `received "…"`); such quotations are removed, because a model's words may not reach the log.
 * @param output the value that was validated
 */
export function findIssues(issues: readonly StandardIssue[], output: unknown): readonly OutputFault[] {
  return issues.map(({ message, path = [] }) => {
    const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
    return { path: writePath(keys), message: removeQuotation(message, findValue(output, keys)) };
  });
}

function writePath(keys: readonly PropertyKey[]): string {
  const written = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return written === '' ? '$' : written.replace(/^\./, '');
}

function findValue(output: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    output,
  );
}

function removeQuotation(message: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return message;
  const quotations = [JSON.stringify(value), `"${value}"`, `'${value}'`, `\`${value}\``];
  // A short word without quotation marks is more likely the library's own than a quotation.
  const bare = String(value).length > 8 ? [String(value)] : [];
  return [...quotations, ...bare].reduce((text, quotation) => text.replaceAll(quotation, '…'), message);
}
