export type { MillraceAsyncOptions, MillraceOptions } from './millrace-options.js';
export { describeModels } from './served-report.js';
export { MillraceModule } from './millrace.module.js';
