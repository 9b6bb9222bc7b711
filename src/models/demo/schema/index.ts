export { type Choices, makeInstance } from './instance.js';
