import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallControls, ChatModel, Message, ModelCall, ModelResult } from '../models/index.js';
import type { Delta } from '../streaming/index.js';

/** A part of a fake output that is not plain text. Make it with {@link toolCall} or {@link reasoning}. */
export class FakePart {
  /** @param delta the delta of the model; tool calls are numbered when they are sent */
  constructor(readonly delta: Delta) {}
}

/**
 * One output of a fake model: a text, which streams word by word; an object, which becomes a structured output; an error,
 * with which the call fails; or a list of parts, each text of which is one delta.
 */
export type FakeOutput = string | Error | FakePart | readonly (string | FakePart)[] | Readonly<Record<string, unknown>>;

/** A call that a fake model received. */
export interface FakeCall extends ModelCall {
  /** Key of the step that asked, preceded by those of the enclosing steps. */
  readonly step: string;
}

/** Finds the output for a call. */
export type FindOutput = (call: FakeCall) => FakeOutput | Promise<FakeOutput>;

/** A model whose output the test defines, and which remembers its calls. Make it with {@link fakeModel}. */
export class FakeModel implements ChatModel {
  /** The calls in order. */
  readonly calls: FakeCall[] = [];
  readonly #findOutput: FindOutput;
  readonly #listUnused: () => readonly FakeOutput[];

  /** @param listUnused lists the outputs for {@link unused}; absent if there is no fixed list */
  constructor(findOutput: FindOutput, listUnused: () => readonly FakeOutput[] = () => []) {
    this.#findOutput = findOutput;
    this.#listUnused = listUnused;
  }

  /**
   * The outputs that no call has used so far, in order: `expect(models.unused).toEqual([])` at the end of a test. For a model
   * with outputs by step, those of the steps that have not asked.
   */
  get unused(): readonly FakeOutput[] {
    return this.#listUnused();
  }

  async *stream(call: ModelCall, controls: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { signal, step = '' } = controls;
    signal.throwIfAborted();
    const asked: FakeCall = { ...structuredClone(call), step };
    this.calls.push(asked);
    const output = await this.#findOutput(asked);
    if (output instanceof Error) throw output;
    const parts = splitOutput(output);
    controls.noteIdentity({ model: call.model });
    let toolCalls = 0;
    for (const part of parts) {
      await nextTurn();
      signal.throwIfAborted();
      if (typeof part === 'string') yield [{ type: 'content', text: part }];
      else if (part.delta.type === 'tool-call') yield [{ ...part.delta, index: toolCalls++ }];
      else yield [part.delta];
    }
    return { finishReason: toolCalls > 0 ? 'tool_calls' : 'stop' };
  }

  /** @internal The output for a call that another fake model received. */
  findOutput(call: FakeCall): ReturnType<FindOutput> {
    this.calls.push(call);
    return this.#findOutput(call);
  }
}

/**
 * Makes a model that gives these outputs in order. A further call fails with an error that says so.
 *
 * A single function finds the output for each call. For outputs by step, see {@link fakeModelBySteps}.
 */
export function fakeModel(findOutput: FindOutput): FakeModel;
export function fakeModel(...outputs: readonly FakeOutput[]): FakeModel;
export function fakeModel(...outputs: readonly FakeOutput[] | readonly [FindOutput]): FakeModel {
  const [first, ...others] = outputs;
  if (typeof first === 'function') return new FakeModel(first);
  const left = first === undefined ? [] : [first, ...(others as readonly FakeOutput[])];
  const findNext: FindOutput = (call) => {
    const output = left.shift();
    if (output !== undefined) return output;
    throw new Error(
      `The fake model has ${outputs.length} ${outputs.length === 1 ? 'output' : 'outputs'}, and ${describeCall(call)} asks for one more. Give fakeModel() another output.`,
    );
  };
  return new FakeModel(findNext, () => [...left]);
}

/**
 * Makes a model whose output depends on the step that asks: the same output each time, or the next one if the step has a fake
 * model. A call of any other step fails with an error that says so.
 */
export function fakeModelBySteps(steps: Readonly<Record<string, FakeOutput | FakeModel>>): FakeModel {
  const asked = new Set<string>();
  const findForStep: FindOutput = (call) => {
    const output = Object.hasOwn(steps, call.step) ? steps[call.step] : undefined;
    asked.add(call.step);
    if (output instanceof FakeModel) return output.findOutput(call);
    if (output !== undefined) return output;
    throw new Error(
      `The fake model has no output for ${describeCall(call)}. It has some for: ${Object.keys(steps).join(', ')}.`,
    );
  };
  const listUnused = (): readonly FakeOutput[] =>
    Object.entries(steps).flatMap(([step, output]) => {
      if (output instanceof FakeModel) return output.unused;
      return asked.has(step) ? [] : [output];
    });
  return new FakeModel(findForStep, listUnused);
}

/** Makes a call of a tool of the server or the client. Several in one list form one round. */
export function toolCall(name: string, args: unknown = {}, id = `call_${name}`): FakePart {
  const json = typeof args === 'string' ? args : JSON.stringify(args);
  return new FakePart({ type: 'tool-call', index: 0, id, name, arguments: json });
}

/** Makes a part of the model's reasoning. */
export function reasoning(text: string): FakePart {
  return new FakePart({ type: 'reasoning', text });
}

function splitOutput(output: Exclude<FakeOutput, Error>): readonly (string | FakePart)[] {
  if (typeof output === 'string') return output.split(/(?<=\s)(?=\S)/);
  if (Array.isArray(output)) return output as readonly (string | FakePart)[];
  return output instanceof FakePart ? [output] : [JSON.stringify(output)];
}

function describeCall({ step, messages }: FakeCall): string {
  const { role, content }: Partial<Message> = messages.at(-1) ?? {};
  const said = (typeof content === 'string' ? content : JSON.stringify(content ?? null)).slice(0, 100);
  return `the step "${step}" (last message, of the ${role}: ${said})`;
}
