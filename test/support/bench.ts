/** The application of a test, and the parts that tests replace or inspect in it. */
export * from './app.js';
export * from './fake-clock.js';
export * from './leaping-clock.js';
export * from './log-capture.js';
export * from './metrics-page.js';
export * from './recording-tracer.js';
export * from './workflow-kit.js';
