import type { DocumentStore } from './document-store.js';
import type { RunLogStore } from './run-log-store.js';
import type { ScheduleStore } from './schedule-store.js';

/** Where everything that outlives its request is stored: in a database of this process alone, or in a shared one. */
export abstract class RunStores {
  /** False: nothing is kept. */
  abstract readonly isOn: boolean;
  abstract readonly documents: DocumentStore;
  abstract readonly logs: RunLogStore;
  abstract readonly schedules: ScheduleStore;
  /** False from a failure until it works again. */
  abstract readonly isUp: boolean;
}
