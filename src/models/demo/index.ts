export { DEMO_MODEL_NAME, DemoModel, type DemoOptions } from './demo-model.js';
