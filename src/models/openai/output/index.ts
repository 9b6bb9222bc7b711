export { arrangeOutput } from './arrange-output.js';
export { type OutputFilter, OutputFilters } from './output-filter.js';
export { ReasoningTagFilter } from './reasoning-tag.js';
