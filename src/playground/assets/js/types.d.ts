/** Shapes that the page's modules share. The modules are JavaScript, checked by their JSDoc comments. */

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** As in `GET /v1/models/{id}/graph`. */
export type StepKind = 'node' | 'agent' | 'agent-streaming' | 'route' | 'workflow' | 'interrupt';

/** The state of one step and its output: all that its lane shows. Plain data, so that it can be kept. */
export interface Lane {
  /** The step's key, with those of the workflows around it; empty for the workflow's own result. */
  path: string;
  kind: StepKind | 'result';
  /** True if its output is part of the reply. */
  visible: boolean;
  state: 'running' | 'done' | 'failed' | 'recovered' | 'stopped';
  /** Milliseconds since the request was sent. */
  startedMs: number;
  elapsedMs?: number;
  progress: string[];
  reasoning: string;
  content: string;
  refusal: string;
  toolCalls: { name: string; arguments: string }[];
  usage?: Usage;
  problem?: string;
}

/** What a person reads about a failure. */
export interface Problem {
  title: string;
  text: string;
  code?: string;
  /** True if another key may help. */
  needsKey?: boolean;
}

/** One reply, from the request on. Plain data, so that it can be kept. Times are in milliseconds. */
export interface Reply {
  model: string;
  /** `asking`: it waits for a person's answer. */
  state: 'waiting' | 'streaming' | 'asking' | 'done' | 'failed' | 'stopped';
  lanes: Lane[];
  /** Path of the step whose text comes now, if the server sends it. */
  speaker?: string;
  /** Text of all lanes as it came: what the next request sends back. */
  content: string;
  /** The branch that each route has taken, by the route's path. */
  routes: Record<string, string>;
  problem?: Problem;
  finishReason?: string;
  usage?: Usage;
  /** Models that generated it, as their providers call them. */
  models?: string[];
  fingerprint?: string;
  /** Id of the run that the server keeps, if it does. */
  runId?: string;
  /** Id of the completion. */
  completionId?: string;
  /** The open waits. */
  waits?: Wait[];
  requestId?: string;
  traceId?: string;
  /** From the request to the first text, of whichever channel. */
  firstTextMs?: number;
  lastTextMs?: number;
  totalMs?: number;
}

export interface Turn {
  id: string;
  question: string;
  reply: Reply;
}

export interface Conversation {
  id: string;
  /** Milliseconds since the Unix epoch. */
  changedAt: number;
  turns: Turn[];
}

/** A step as the page shows it. */
export interface Step {
  path: string;
  /** The name that the page shows. */
  label: string;
  /** The workflows around it; possibly empty. */
  around: string;
  /** The branch of a route that leads to it, in words; possibly empty. */
  branch: string;
  kind: StepKind;
  visible: boolean;
  /** How many workflows lie around it. */
  depth: number;
}

/** A workflow's graph in the order in which its steps are declared, from the outside in. */
export interface Plan {
  steps: Step[];
  /** All branches of all routes, with the paths of their steps. */
  branches: { route: string; when: string; paths: string[] }[];
}

/** A graph as `GET /v1/models/{id}/graph` gives it. */
export interface GraphJson {
  nodes: { key: string; kind: StepKind; node?: string; visible: boolean }[];
  branches: { route: string; when: string; steps: string[] }[];
  workflows?: (GraphJson & { workflow: string })[];
}

export interface ModelCard {
  id: string;
  millrace: { workflow: string; description: string; takes: string[] };
}

/** Body of a request for a chat completion. */
export interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  [parameter: string]: unknown;
}

/** Body of a request for a response. */
export interface ResponseRequest {
  model: string;
  instructions?: string;
  input: { role: string; content: string }[];
  [parameter: string]: unknown;
}

/** A `chat.completion.chunk`, as far as the page reads it. */
export interface Chunk {
  id?: string;
  system_fingerprint?: string | null;
  usage?: Usage | null;
  choices: {
    finish_reason: string | null;
    delta: {
      content?: string | null;
      reasoning_content?: string;
      refusal?: string | null;
      tool_calls?: { index: number; function?: ToolPiece; custom?: ToolPiece }[];
    };
  }[];
  millrace?: NodeEvent;
}

interface ToolPiece {
  name?: string;
  arguments?: string;
  input?: string;
}

export type NodeEvent =
  | { type: 'node-started'; node: string; kind: StepKind; visible: boolean }
  | { type: 'node-progress'; node: string; message: string }
  | { type: 'route-taken'; node: string; branch: string }
  | { type: 'node-finished'; node: string; elapsed_ms: number; usage?: Usage }
  | { type: 'node-failed'; node: string; elapsed_ms: number; code: string | null; message: string; recovered: boolean }
  | { type: 'node-speaks'; node: string }
  | { type: 'model-identified'; node: string; model?: string; system_fingerprint?: string }
  | { type: 'run-waiting' }
  | { type: 'run-continued'; name: string }
  | { type: 'run-retrying'; node?: string }
  | { type: 'run-finished' };

/** Something that a run waits for. Times are in seconds since the Unix epoch. */
export interface Wait {
  name: string;
  shown: unknown;
  schema: JsonSchema;
  asked_at: number;
  expires_at: number | null;
}

/** A JSON Schema, as far as forms are made of it. */
export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

/** A run, as far as the page reads it. Times are in seconds since the Unix epoch. */
export interface Run {
  id: string;
  status: 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';
  model: string;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  attempts: number;
  usage: Usage | null;
  error: { code: string; message: string } | null;
  output: string | null;
  waits: Wait[];
}

/** Which runs are listed. */
export interface RunFilter {
  model?: string;
  status?: string;
  after?: string;
  limit?: number;
  /** Seconds since the Unix epoch. */
  created_after?: number;
}

/** An event of a run, as `GET /v1/runs/{id}/events` sends it. `at` is in milliseconds since the Unix epoch. */
export type RunEvent = { n: number; at: number } & (
  | { type: 'run-started'; model: string; trace_id?: string }
  | { type: 'run-resumed'; epoch: number }
  | { type: 'run-continued'; name: string }
  | { type: 'node-restarted'; node: string }
  | { type: 'node-started'; node: string; kind: StepKind; visible: boolean }
  | { type: 'node-progress'; node: string; message: string }
  | { type: 'route-taken'; node: string; branch: string }
  | { type: 'model-identified'; node: string; model: string | null; system_fingerprint?: string }
  | { type: 'delta'; node: string; delta: RunDelta }
  | { type: 'node-finished'; node: string; elapsed_ms: number; usage?: Usage }
  | {
      type: 'node-failed';
      node: string;
      elapsed_ms: number;
      error: { code: string; message: string };
      recovered: boolean;
    }
  | { type: 'run-waiting'; waits: Wait[] }
  | { type: 'run-retrying'; error: { code: string; message: string }; retry_at: number }
  | { type: 'run-finished'; finish_reason: string; usage?: Usage }
  | { type: 'run-failed'; error: { code: string; message: string }; usage?: Usage }
);

export interface RunDelta {
  type: 'content' | 'reasoning' | 'refusal' | 'tool-call' | 'annotations' | 'images' | 'audio' | 'mcp';
  text?: string;
  index?: number;
  name?: string;
  arguments?: string;
}

/** What something cost. */
export interface Cost {
  usd: number;
  prices: string;
}

/**
 * The inside of a run, as `GET /v1/runs/{id}/inspection` returns it. Times are in milliseconds since the Unix epoch.
 */
export interface Inspection {
  id: string;
  model: string;
  status: string;
  started_at: number;
  ended_at: number | null;
  trace_id: string | null;
  trace_url: string | null;
  cost: Cost | null;
  truncated: boolean;
  steps: InspectedStep[];
}

export interface InspectedStep {
  node: string;
  kind: StepKind;
  visible: boolean;
  status: string;
  started_at: number;
  ended_at: number | null;
  input?: unknown;
  output?: unknown;
  branch?: string;
  error: { code: string; message: string } | null;
  usage: Usage | null;
  cost: Cost | null;
  events: InspectedEvent[];
}

/** One thing that happened in a step; which fields it has depends on `type`. */
export interface InspectedEvent {
  type: 'model-call' | 'tool' | 'span' | 'note';
  name?: string;
  provider?: string;
  model?: string;
  answered_by?: string;
  started_at?: number;
  first_token_at?: number | null;
  ended_at?: number | null;
  at?: number;
  messages?: { role: string; content: unknown }[];
  parameters?: Record<string, unknown>;
  input?: unknown;
  output?: unknown;
  data?: unknown;
  level?: string;
  outcome?: string;
  failure?: string;
  usage?: Usage | null;
  cost?: Cost | null;
  retries?: { at: number; attempt: number; delay_ms: number; reason: string }[];
}
