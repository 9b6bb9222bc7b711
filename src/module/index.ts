export type { MillraceAsyncOptions, MillraceOptions } from './millrace-options.js';
export { MillraceModule } from './millrace.module.js';
