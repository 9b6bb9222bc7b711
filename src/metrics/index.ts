export { CallMeter } from './call-meter.js';
export { GatheredMetrics } from './gathered-metrics.js';
export { Metrics, type AnsweredRequest, type ShownNumber } from './metrics.js';
export type { ModelName } from './model-name.js';
export { MetricsModule } from './metrics.module.js';
export { type Outcome, outcomeOf, outcomeOfStatus } from './outcome.js';
export { RunMeter, type NodeOutcome } from './run-meter.js';
export { StreamMeter } from './stream-meter.js';
