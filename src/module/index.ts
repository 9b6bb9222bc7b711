export type { MillraceAsyncOptions, MillraceOptions } from './millrace-options.js';
export { describeModels } from './describe-models.js';
export { MillraceModule } from './millrace.module.js';
