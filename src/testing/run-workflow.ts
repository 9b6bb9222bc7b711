import type { INestApplicationContext, ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RunEvent } from '../engine/index.js';
import { InternalError } from '../errors/index.js';
import { assertNever, IdSource, type JsonValue } from '../kernel/index.js';
import { type ChatModel, type FinishReason, type Message, ModelProvider } from '../models/index.js';
import { MillraceModule } from '../module/index.js';
import { type RunOutput, RunService } from '../runs/index.js';
import { readWorkflowOptions, type ResultOf, type RunRequest, WorkflowRegistry } from '../workflow/index.js';
import { type FakeOutput, type FakeCall, FakeModel } from './fake-model.js';

/** Models by the name of the provider that they replace. */
type Models = Readonly<Partial<Record<ModelProvider, ChatModel>>>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The input of a workflow: a message of the user, a conversation, or a whole request. */
export type WorkflowInput = string | readonly Message[] | (Partial<RunRequest> & Pick<RunRequest, 'messages'>);

/** Options of {@link runWorkflow}. */
export interface RunWorkflowOptions {
  /** One model for all providers, or models by provider name. */
  readonly models?: ChatModel | Models;
  /** Providers that the workflow needs: services, tools, nodes and nested workflows, or replacements for them. */
  readonly providers?: NonNullable<ModuleMetadata['providers']>;
  /** Modules with such providers. */
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /**
   * Answers to what the workflow waits for, by the names of the waits: a value, or a function of what is shown. A run
   * that waits for anything else fails.
   */
  readonly answers?: Readonly<Record<string, object | ((shown: JsonValue) => object)>>;
  /** Ends the run when it aborts, like a client that disconnects. */
  readonly signal?: AbortSignal;
}

/** A step of a finished run. */
export interface RanStep {
  /** Its key, preceded by those of the enclosing steps. */
  readonly key: string;
  /** True if the client sees its text. */
  readonly visible: boolean;
  /** Its text for the client. */
  readonly text: string;
  /** Its output as JSON; undefined if it failed or gave none. */
  readonly output: JsonValue | undefined;
  /** The branch that a route took; undefined for other steps. */
  readonly branch: string | undefined;
}

/** The outcome of a finished run. */
export interface WorkflowRun<Result> {
  /** The text for the client. */
  readonly text: string;
  readonly reasoning: string;
  /** Calls of the client's tools. */
  readonly toolCalls: RunOutput['toolCalls'];
  readonly finishReason: FinishReason;
  /** The workflow's result. */
  readonly result: Result;
  /** The steps that ran, in the order of their starts. */
  readonly steps: readonly RanStep[];
  /** The calls of the fake models in this run, in order, one model after another. */
  readonly calls: readonly FakeCall[];
  /** The outputs that this run's fake models have left: `expect(run.unused).toEqual([])` checks that all were used. */
  readonly unused: readonly FakeOutput[];
  /** All events of the run. */
  readonly events: readonly RunEvent[];
}

/**
 * Runs a workflow like the server, with the real engine and agents and the test's models. It reads nothing from the
 * environment and sends nothing over the network.
 *
 * @throws DefinitionError if the workflow is faulty; the MillraceError that the run failed with; an error of a step's own
 *   code as it is
 */
export async function runWorkflow<W extends object>(
  workflow: Type<W>,
  input: WorkflowInput,
  { models = {}, providers = [], imports = [], answers = {}, signal }: RunWorkflowOptions = {},
): Promise<WorkflowRun<ResultOf<W>>> {
  const options = readWorkflowOptions(workflow);
  if (options === undefined)
    throw new TypeError(`${workflow.name} is not a workflow. Give it the decorator @Workflow.`);
  const byProvider = readModels(models);
  const fakes = new Set(Object.values(byProvider).filter((model): model is FakeModel => model instanceof FakeModel));
  const before = new Map(Array.from(fakes, (fake) => [fake, fake.calls.length]));
  const application = await openApplication(byProvider, { imports, providers: [workflow, ...providers] });
  try {
    const compiled = application.get(WorkflowRegistry, { strict: false }).resolve(options.id).workflow;
    const runs = application.get(RunService, { strict: false });
    const id = application.get(IdSource, { strict: false }).runId();
    const events: RunEvent[] = [];
    const ending = runs.runToEnd(compiled, readInput(options.id, input), {
      id,
      answer: ({ name, shown }) => {
        const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
        return typeof answer === 'function' ? (answer as (shown: JsonValue) => object)(shown) : answer;
      },
      ...(signal && { signal }),
    });
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

function openApplication(
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

/** Stands in for a provider without a model: a run that calls it fails with an error that says what to give. */
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
  const change = (key: string, part: (step: Writable<RanStep>) => Partial<RanStep>): void => {
    const step = steps.get(key);
    if (step !== undefined) Object.assign(step, part(step));
  };
  for (const event of events) {
    switch (event.type) {
      case 'node-started': {
        const { node: key, visible } = event;
        steps.set(key, { key, visible, text: '', output: undefined, branch: undefined });
        break;
      }
      case 'delta': {
        const { node, delta } = event;
        if (delta.type === 'content') change(node, ({ text }) => ({ text: text + delta.text }));
        break;
      }
      case 'node-finished':
        change(event.node, () => ({ output: event.output }));
        break;
      case 'route-taken':
        change(event.node, () => ({ branch: event.branch }));
        break;
      case 'run-started':
      case 'run-resumed':
      case 'run-continued':
      case 'run-waiting':
      case 'run-retrying':
      case 'run-finished':
      case 'run-failed':
      case 'node-restarted':
      case 'node-progress':
      case 'node-failed':
      case 'model-identified':
        break;
      default:
        assertNever(event);
    }
  }
  return [...steps.values()];
}
