import { isJsonObject } from '../../kernel/index.js';
import { checkWait } from './retry-after.js';

/** One of the details that Google's errors have. @see https://cloud.google.com/apis/design/errors#error_details */
interface ErrorDetail {
  /** In a RetryInfo: seconds, such as `36s` or `20.04s`. */
  readonly retryDelay?: unknown;
  /** In a QuotaFailure. */
  readonly violations?: unknown;
}

interface Violation {
  /** Such as `GenerateRequestsPerDayPerProjectPerModel-FreeTier`. */
  readonly quotaId?: unknown;
}

/** Most entries of a list that are read. */
const MOST_ENTRIES = 32;

/** Whether a daily quota is used up: then no retry helps before tomorrow, whatever delay is given. */
export function isDailyQuota(details: unknown): boolean {
  return listEntries(details).some((detail: ErrorDetail) =>
    listEntries(detail.violations).some((violation: Violation) => readText(violation.quotaId).includes('PerDay')),
  );
}

/** Reads the time until another try may help, in milliseconds; undefined if the details do not say. */
export function readRetryDelay(details: unknown): number | undefined {
  for (const detail of listEntries(details) as readonly ErrorDetail[]) {
    const seconds = /^(\d{1,12}(?:\.\d{1,9})?)s$/.exec(readText(detail.retryDelay))?.[1];
    if (seconds !== undefined) return checkWait(Number(seconds) * 1_000);
  }
  return undefined;
}

/** Lists the objects in an upstream's list, which may hold anything. */
function listEntries(list: unknown): readonly object[] {
  return Array.isArray(list) ? list.slice(0, MOST_ENTRIES).filter(isJsonObject) : [];
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
