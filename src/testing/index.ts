export {
  type FindOutput,
  type FakeOutput,
  type FakeCall,
  FakeModel,
  fakeModel,
  fakeModelBySteps,
  FakePart,
  reasoning,
  toolCall,
} from './fake-model.js';
export {
  type RanStep,
  runWorkflow,
  type RunWorkflowOptions,
  type WorkflowInput,
  type WorkflowRun,
} from './run-workflow.js';
export { DeadlineError, eventually, type WaitOptions, within } from './eventually.js';
export { getJson, type HttpResponse, postJson, type RequestOptions } from './http-client.js';
export { readContent } from './read-content.js';
export { openStream, SseStream } from './sse-client.js';
export { DONE, FramingError, readFrames, type SseItem } from './sse-frames.js';
export {
  errorBody,
  httpError,
  type RecordedBody,
  type RecordedRequest,
  type ResponseEnding,
  type Script,
  scriptCompletion,
  ScriptedUpstream,
  scriptStream,
  scriptToolCalls,
  type Step,
  steps,
  type ScriptOptions,
  tokens,
  type Usage,
  type UsagePlace,
} from './upstream/index.js';
