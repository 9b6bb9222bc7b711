import type { StandardIssue } from './standard-schema.js';
import type { OutputFault } from './structured-output-error.js';

/**
 * What a schema finds wrong with an answer, as faults. Some libraries quote the value in their messages (valibot: `received
 * "…"`), and a model's words may not reach the log: such a quotation is left out.
 * @param answer what was validated
 */
export function findIssues(issues: readonly StandardIssue[], answer: unknown): readonly OutputFault[] {
  return issues.map(({ message, path = [] }) => {
    const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
    return { path: writePath(keys), message: removeQuotation(message, findValue(answer, keys)) };
  });
}

function writePath(keys: readonly PropertyKey[]): string {
  const written = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return written === '' ? '$' : written.replace(/^\./, '');
}

function findValue(answer: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    answer,
  );
}

function removeQuotation(message: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return message;
  const quotations = [JSON.stringify(value), `"${value}"`, `'${value}'`, `\`${value}\``];
  // A word that stands there by itself is more likely the library's own than a short answer.
  const bare = String(value).length > 8 ? [String(value)] : [];
  return [...quotations, ...bare].reduce((text, quotation) => text.replaceAll(quotation, '…'), message);
}
