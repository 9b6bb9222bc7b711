import { Injectable } from '@nestjs/common';
import { Metrics } from '../../metrics/index.js';
import { RunStores } from './run-stores.js';

/** Shows what the store takes, and whether it can be reached. */
@Injectable()
export class StoreMetrics {
  constructor(metrics: Metrics, store: RunStores) {
    if (!store.isOn) return;
    metrics.showNumber({
      name: 'millrace_store_up',
      help: '1 unless what outlives its request could not be stored the last time; several processes are added up.',
      value: () => (store.isUp ? 1 : 0),
    });
    metrics.showCount({
      name: 'millrace_stored_responses_total',
      help: 'Responses that were stored when they had ended.',
      value: () => store.taken.documents,
    });
    metrics.showCount({
      name: 'millrace_stored_events_total',
      help: 'Events of runs that were written into their logs.',
      value: () => store.taken.events,
    });
  }
}
