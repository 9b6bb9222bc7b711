export { FilteredAnswer } from './answer-filter.js';
export { arrangeOutput } from './arrange-output.js';
export { ReasoningTag } from './reasoning-tag.js';
