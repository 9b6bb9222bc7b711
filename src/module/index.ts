export { MillraceModule } from './millrace.module.js';
