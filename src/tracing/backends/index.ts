export { type Backend, makeBackends } from './backends.js';
