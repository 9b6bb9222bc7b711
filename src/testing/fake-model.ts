import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallControls, ChatModel, Message, ModelCall, ModelResult } from '../models/index.js';
import type { Delta } from '../streaming/index.js';

/** A piece of what a fake model says that is no plain text: {@link toolCall} and {@link reasoning} make some. */
export class FakePart {
  /** @param delta as the model gives it; tool calls are numbered when they are given */
  constructor(readonly delta: Delta) {}
}

/**
 * One answer of a fake model: a text, which is streamed word by word; an object, which a structured answer is made of; an
 * error, which the call fails with; or a list of pieces, in which each text is one delta.
 */
export type FakeAnswer = string | Error | FakePart | readonly (string | FakePart)[] | Readonly<Record<string, unknown>>;

/** A call of a fake model, as it came. */
export interface FakeCall extends ModelCall {
  /** The step that asked: its key, inside a nested workflow behind those of the steps around it. */
  readonly step: string;
}

/** Finds the answer to a call. */
export type AnswerCall = (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>;

/** A model that says what a test tells it, and remembers what it was asked. {@link fakeModel} makes one. */
export class FakeModel implements ChatModel {
  /** What it was asked, in order. */
  readonly calls: FakeCall[] = [];
  readonly #answer: AnswerCall;
  readonly #listUnused: () => readonly FakeAnswer[];

  /** @param listUnused what {@link unused} gives; absent: nothing, since each call finds its answer */
  constructor(answer: AnswerCall, listUnused: () => readonly FakeAnswer[] = () => []) {
    this.#answer = answer;
    this.#listUnused = listUnused;
  }

  /**
   * The answers that nobody has asked for so far, in order: `expect(models.unused).toEqual([])` at the end of a test. Of a model
   * that answers by step, those of the steps that have not asked.
   */
  get unused(): readonly FakeAnswer[] {
    return this.#listUnused();
  }

  async *stream(call: ModelCall, controls: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { signal, step = '' } = controls;
    signal.throwIfAborted();
    const asked: FakeCall = { ...structuredClone(call), step };
    this.calls.push(asked);
    const answer = await this.#answer(asked);
    if (answer instanceof Error) throw answer;
    const parts = splitAnswer(answer);
    controls.identity({ model: call.model });
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

  /** @internal The answer to a call that came to another fake model. */
  answer(call: FakeCall): ReturnType<AnswerCall> {
    this.calls.push(call);
    return this.#answer(call);
  }
}

/**
 * A model for a test that gives these answers in order. A call more than there are answers fails, and says so.
 *
 * With one function, that finds the answer to each call. For answers by step, see {@link fakeModelBySteps}.
 */
export function fakeModel(answer: AnswerCall): FakeModel;
export function fakeModel(...answers: readonly FakeAnswer[]): FakeModel;
export function fakeModel(...answers: readonly FakeAnswer[] | readonly [AnswerCall]): FakeModel {
  const [first, ...others] = answers;
  if (typeof first === 'function') return new FakeModel(first);
  const left = first === undefined ? [] : [first, ...(others as readonly FakeAnswer[])];
  const answerNext: AnswerCall = (call) => {
    const answer = left.shift();
    if (answer !== undefined) return answer;
    throw new Error(
      `The fake model has ${answers.length} ${answers.length === 1 ? 'answer' : 'answers'}, and ${describe(call)} asks for one more. Give fakeModel() another answer.`,
    );
  };
  return new FakeModel(answerNext, () => [...left]);
}

/**
 * A model for a test that answers by the step that asks: with the same answer each time, or in order if a step's is a fake model.
 * A step that is not named fails, and says so.
 */
export function fakeModelBySteps(steps: Readonly<Record<string, FakeAnswer | FakeModel>>): FakeModel {
  const asked = new Set<string>();
  const answerStep: AnswerCall = (call) => {
    const answer = Object.hasOwn(steps, call.step) ? steps[call.step] : undefined;
    asked.add(call.step);
    if (answer instanceof FakeModel) return answer.answer(call);
    if (answer !== undefined) return answer;
    throw new Error(
      `The fake model has no answer for ${describe(call)}. It has some for: ${Object.keys(steps).join(', ')}.`,
    );
  };
  const listUnused = (): readonly FakeAnswer[] =>
    Object.entries(steps).flatMap(([step, answer]) => {
      if (answer instanceof FakeModel) return answer.unused;
      return asked.has(step) ? [] : [answer];
    });
  return new FakeModel(answerStep, listUnused);
}

/** A call of a tool, of the server's or the client's. Several in one list are made at once. */
export function toolCall(name: string, args: unknown = {}, id = `call_${name}`): FakePart {
  const json = typeof args === 'string' ? args : JSON.stringify(args);
  return new FakePart({ type: 'tool-call', index: 0, id, name, arguments: json });
}

/** What the model thinks before it answers. */
export function reasoning(text: string): FakePart {
  return new FakePart({ type: 'reasoning', text });
}

function splitAnswer(answer: Exclude<FakeAnswer, Error>): readonly (string | FakePart)[] {
  if (typeof answer === 'string') return answer.split(/(?<=\s)(?=\S)/);
  if (Array.isArray(answer)) return answer as readonly (string | FakePart)[];
  return answer instanceof FakePart ? [answer] : [JSON.stringify(answer)];
}

function describe({ step, messages }: FakeCall): string {
  const { role, content }: Partial<Message> = messages.at(-1) ?? {};
  const said = (typeof content === 'string' ? content : JSON.stringify(content ?? null)).slice(0, 100);
  return `the step "${step}" (last message, of the ${role}: ${said})`;
}
