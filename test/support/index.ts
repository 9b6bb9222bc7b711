export { Bench, TestApp, type TestAppOptions } from './app.js';
export {
  assertCompletion,
  assertErrorEnded,
  readChunks,
  readContent,
  readFinishReason,
  readReasoning,
  readRefusal,
  readToolCalls,
  readUsage,
  type CompletionExpectations,
  type WireChunk,
  type WireToolCall,
} from './chunks.js';
export { DeadlineError, eventually, within, type WaitOptions } from './eventually.js';
export { ForwardProxy } from './forward-proxy.js';
export { FakeClock } from './fake-clock.js';
export { FakeLangfuse, type FakeLangfuseBehaviour, type LangfuseRequest } from './fake-langfuse.js';
export { FaultyServer } from './faulty-server.js';
export { getJson, postJson, type HttpResponse, type RequestOptions } from './http-client.js';
export { HELLO } from './messages.js';
export { NetworkWatch } from './network-watch.js';
export { ChildProcess, startProcess, type ProcessExit, type ProcessOptions } from './process.js';
export {
  RecordingTracer,
  type RecordedGeneration,
  type RecordedObservation,
  type RecordedSpan,
  type RecordedTrace,
} from './recording-tracer.js';
export { describeIfRuns, describeWithRegistry, PYTHON_ENV } from './programs.js';
export { catchRejection } from './rejection.js';
export { ScriptedUpstream } from './scripted-upstream.js';
export { ensureServerIsBuilt, findFreePort, startServerProcess, type ServerProcess } from './server-process.js';
export { openStream, type SseStream } from './sse-client.js';
export { standstill } from './standstill.js';
export { DONE, readFrames, FramingError, type SseItem } from './sse-frames.js';
export type { ResponseEnding, RecordedBody, RecordedRequest } from './upstream/recorded-request.js';
export {
  scriptCompletion,
  scriptStream,
  tokens,
  scriptToolCalls,
  type Script,
  type StreamOptions,
  type UsagePlace,
} from './upstream/scripts.js';
export {
  chunk,
  comment,
  cutEvery,
  delay,
  delta,
  done,
  end,
  errorBody,
  finish,
  flood,
  gate,
  cutOff,
  hangUp,
  headers,
  httpError,
  raw,
  reasoning,
  refusal,
  reset,
  role,
  stall,
  style,
  text,
  together,
  toolCall,
  usage,
  wait,
  type ContentStep,
  type GateStep,
  type Step,
  type Style,
} from './upstream/steps.js';
export {
  assertValidChunk,
  assertValidCompletion,
  assertValidError,
  assertValidModel,
  assertValidModelList,
  type ErrorEnvelope,
  type ModelList,
} from './wire-schema.js';
export { readPrompt, SpeakNode, makeWorkflowsModule, type Conversation, type Prompt } from './workflow-kit.js';
