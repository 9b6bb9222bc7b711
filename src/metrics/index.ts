export { CallMetrics } from './call-metrics.js';
export { GatheredMetrics } from './gathered-metrics.js';
export type { Instruments } from './instruments.js';
export { MetricsModule } from './metrics.module.js';
export { Metrics } from './metrics.service.js';
export { StreamMetrics } from './stream-metrics.js';
