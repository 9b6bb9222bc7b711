export { guardCallback, type ReadFailure, type RunEvents, type RunReader } from './run-events.js';
export type { RunEnding, RunOptions, RunOrigin, RunRecord } from './run-options.js';
export type { RunOutput } from './run-to-end.js';
export { RunService } from './run.service.js';
export { RunsModule } from './runs.module.js';
export { type DocumentPart, DocumentStore, type StoredDocument } from './store/document-store.js';
