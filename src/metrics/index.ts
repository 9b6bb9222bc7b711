export { CallMeter } from './call-meter.js';
export { GatheredMetrics } from './gathered-metrics.js';
export { MetricsModule } from './metrics.module.js';
export { Metrics } from './metrics.js';
export type { ModelName } from './model-name.js';
export { type Outcome, outcomeOf, outcomeOfStatus } from './outcome.js';
export { RunMeter } from './run-meter.js';
export { StreamMeter } from './stream-meter.js';
