import { Injectable } from '@nestjs/common';
import type { OutputType } from '../../schema/index.js';
import type { TaskContext } from '../task-context.js';

/**
 * A tool that a model may call and this server runs. Extend it, add the class to the providers of a module and to the
 * `tools` of an agent. One instance serves all runs.
 */
@Injectable()
export abstract class AgentTool<Args extends object | void = object | void, Result = unknown> {
  /** What the model calls it: 1 to 64 letters, digits, `_` and `-`. */
  abstract readonly name: string;
  /** Tells the model what it does and when to call it. */
  abstract readonly description: string;
  /**
   * A class with class-validator decorators: its strict JSON schema is sent to the model, and what the model gives is
   * checked against it. Undefined if the tool takes no arguments.
   */
  abstract readonly argsType: OutputType<Args> | undefined;
  /** Longest time of one call, in milliseconds; 30 s if absent. */
  readonly timeout?: number;

  /**
   * @param args an instance of {@link argsType}; it fits the class
   * @param context of the node, with the signal and the span of this call alone. The signal aborts when the time limit
   *   has passed, or the run ends
   * @returns what the model is told: a string as it is, anything else as JSON
   * @throws ToolError with words for the model; of anything else it learns only that the tool failed
   */
  abstract execute(args: Args, context: TaskContext): Promise<Result> | Result;
}

/** A tool cannot do what the model asks. The message is written for the model, so that it can try something else. */
export class ToolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ToolError';
  }
}
