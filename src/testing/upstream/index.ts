export type { RecordedBody, RecordedRequest, ResponseEnding } from './recorded-request.js';
export { ScriptedUpstream } from './scripted-upstream.js';
export {
  type Script,
  scriptCompletion,
  scriptStream,
  scriptToolCalls,
  type ScriptOptions,
  tokens,
  type Usage,
  type UsagePlace,
} from './scripts.js';
export { errorBody, httpError, type Step } from './steps.js';
/** The single steps of scripts: deltas, gates, delays, broken connections. */
export * as steps from './steps.js';
