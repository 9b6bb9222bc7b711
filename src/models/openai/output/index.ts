export { FilteredAnswer } from './answer-filter.js';
export { arrangeOutput, type ArrangedCall } from './arrange-output.js';
export { ReasoningTag } from './reasoning-tag.js';
