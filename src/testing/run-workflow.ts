import type { INestApplicationContext, ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RunEvent } from '../engine/index.js';
import { InternalError } from '../errors/index.js';
import { IdSource, type JsonValue } from '../kernel/index.js';
import { type ChatModel, type FinishReason, type Message, ModelProvider } from '../models/index.js';
import { MillraceModule } from '../module/index.js';
import { type RunOutcome, RunService } from '../runs/index.js';
import { readWorkflowOptions, type ResultOf, type RunRequest, WorkflowRegistry } from '../workflow/index.js';
import { type FakeAnswer, type FakeCall, FakeModel } from './fake-model.js';

/** Models by the name of the provider in whose place they answer. */
type Models = Readonly<Partial<Record<ModelProvider, ChatModel>>>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the workflow is asked: what the user says, a conversation, or a whole request. */
export type WorkflowInput = string | readonly Message[] | (Partial<RunRequest> & Pick<RunRequest, 'messages'>);

/** What a workflow is run with. */
export interface RunWorkflowOptions {
  /** What answers in place of all providers, or in place of each by its name. */
  readonly models?: ChatModel | Models;
  /** What the workflow is given beside its agents: services, tools, nodes, workflows inside it; or what stands in for them. */
  readonly providers?: NonNullable<ModuleMetadata['providers']>;
  /** Modules that provide such things. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /** Ends the run, as a client does that leaves. */
  readonly signal?: AbortSignal;
}

/** A step of a run, as it went. */
export interface RanStep {
  /** Its key, inside a nested workflow behind those of the steps around it. */
  readonly key: string;
  /** True if the client sees what it says. */
  readonly visible: boolean;
  /** What the client was given of its text. */
  readonly text: string;
  /** Its output as JSON; undefined if it failed, or gave none. */
  readonly output: JsonValue | undefined;
  /** The branch that a route has taken; undefined for other steps. */
  readonly branch: string | undefined;
}

/** A run that came to its end. */
export interface WorkflowRun<Result> {
  /** The answer that the client reads. */
  readonly text: string;
  readonly reasoning: string;
  /** Calls of the client's tools. */
  readonly toolCalls: RunOutcome['toolCalls'];
  readonly finishReason: FinishReason;
  /** What `define` returned a ref to. */
  readonly result: Result;
  /** The steps that ran, in the order in which they began. */
  readonly steps: readonly RanStep[];
  /** What fake models were asked in this run, in order; of several, one model after the other. */
  readonly calls: readonly FakeCall[];
  /** The answers that the fake models of this run still have: `expect(run.unused).toEqual([])` if all of them were meant for it. */
  readonly unused: readonly FakeAnswer[];
  /** All that happened. */
  readonly events: readonly RunEvent[];
}

/**
 * Runs a workflow as the server does, with the real engine and the real agents; only the models are the test's. Nothing of the
 * environment is read, and nothing is sent anywhere.
 *
 * @throws DefinitionError if the workflow cannot run; MillraceError that the run failed with; what a step's own code has thrown, as
 *   it is
 */
export async function runWorkflow<W extends object>(
  workflow: Type<W>,
  input: WorkflowInput,
  { models = {}, providers = [], imports = [], signal }: RunWorkflowOptions = {},
): Promise<WorkflowRun<ResultOf<W>>> {
  const options = readWorkflowOptions(workflow);
  if (options === undefined) throw new TypeError(`${workflow.name} is no workflow: it has no @Workflow.`);
  const byProvider = readModels(models);
  const fakes = new Set(Object.values(byProvider).filter((model): model is FakeModel => model instanceof FakeModel));
  const before = new Map(Array.from(fakes, (fake) => [fake, fake.calls.length]));
  const application = await open(byProvider, { imports, providers: [workflow, ...providers] });
  try {
    const compiled = application.get(WorkflowRegistry, { strict: false }).resolve(options.id).workflow;
    const runs = application.get(RunService, { strict: false });
    const id = application.get(IdSource, { strict: false }).runId();
    const events: RunEvent[] = [];
    const ending = runs.runToEnd(compiled, readInput(options.id, input), { id, ...(signal && { signal }) });
    runs.attach(id)?.subscribe((event) => events.push(event));
    const { content, reasoning, toolCalls, finishReason, result } = await ending;
    return {
      text: content,
      reasoning,
      toolCalls,
      finishReason,
      result: result as ResultOf<W>,
      steps: readSteps(events),
      calls: [...fakes].flatMap((fake) => fake.calls.slice(before.get(fake))),
      unused: [...fakes].flatMap((fake) => fake.unused),
      events,
    };
  } catch (error) {
    throw error instanceof InternalError ? error.cause : error;
  } finally {
    await application.close();
  }
}

function open(
  models: Models,
  { imports = [], providers = [] }: Pick<ModuleMetadata, 'imports' | 'providers'>,
): Promise<INestApplicationContext> {
  class TestedModule {}
  const millrace = MillraceModule.forRoot({ models, environment: { DEMO: 'off' } });
  const host = { module: TestedModule, imports: [millrace, ...imports], providers };
  return NestFactory.createApplicationContext(host, { logger: false, abortOnError: false });
}

function readModels(models: ChatModel | Models): Models {
  const names = Object.values(ModelProvider);
  if (isModel(models)) return Object.fromEntries(names.map((name) => [name, models]));
  return { ...Object.fromEntries(names.map((name) => [name, makeMissingModel(name)])), ...models };
}

/** Stands where the test gives no model: a run that asks it fails, and says what to give. */
function makeMissingModel(provider: ModelProvider): ChatModel {
  return new FakeModel(({ step }) => {
    throw new Error(
      `The step "${step}" asks a model of ${provider}, and the test gives none. Give runWorkflow() one: { models: fakeModel('…') }.`,
    );
  });
}

function isModel(models: ChatModel | Models): models is ChatModel {
  return 'stream' in models && typeof models.stream === 'function';
}

function readInput(id: string, input: WorkflowInput): RunRequest {
  if (typeof input === 'string') return readInput(id, [{ role: 'user', content: input }]);
  if (isConversation(input)) return readInput(id, { messages: input });
  return { model: id, parameters: {}, ...input };
}

function isConversation(input: Exclude<WorkflowInput, string>): input is readonly Message[] {
  return Array.isArray(input);
}

function readSteps(events: readonly RunEvent[]): readonly RanStep[] {
  const steps = new Map<string, Writable<RanStep>>();
  for (const event of events) {
    if (event.type === 'node-started') {
      const { node: key, visible } = event;
      steps.set(key, { key, visible, text: '', output: undefined, branch: undefined });
      continue;
    }
    const step = 'node' in event && event.node !== undefined ? steps.get(event.node) : undefined;
    if (step === undefined) continue;
    if (event.type === 'delta' && event.delta.type === 'content') step.text += event.delta.text;
    if (event.type === 'node-finished') step.output = event.output;
    if (event.type === 'route-taken') step.branch = event.branch;
  }
  return [...steps.values()];
}
