export { type Backend, backendsOf } from './backends.js';
