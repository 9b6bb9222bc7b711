import type { AppConfig } from '../../config/index.js';
import type { DocumentLimits } from './document-store.js';
import type { RunLimits } from './run-log-store.js';

/** Most documents of one owner. */
const MOST_DOCUMENTS = 10_000;

export function readDocumentLimits({ store }: AppConfig): DocumentLimits {
  return {
    ttlMs: store.responsesTtlS * 1_000,
    mostOfOwner: MOST_DOCUMENTS,
    mostLengthOfOwner: store.responsesMaxBytes,
  };
}

export function readRunLimits({ store }: AppConfig): RunLimits {
  return { logTtlMs: store.logTtlS * 1_000, recordTtlMs: store.recordTtlS * 1_000 };
}
