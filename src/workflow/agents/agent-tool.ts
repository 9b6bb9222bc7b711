import { Injectable } from '@nestjs/common';
import type { OutputType } from '../../schema/index.js';
import type { TaskContext } from '../task-context.js';

/**
 * A tool that a model may call and this server runs. Extend this class, and add yours to the providers of a module and to the
 * `tools` of an agent. One instance serves all runs.
 */
@Injectable()
export abstract class AgentTool<Args extends object | void = object | void, Result = unknown> {
  /** Its name for the model: 1 to 64 letters, digits, `_` and `-`. */
  abstract readonly name: string;
  /** Tells the model what it does and when to call it. */
  abstract readonly description: string;
  /**
   * A class with class-validator decorators or a schema: its strict JSON schema is sent to the model, and the model's
   * arguments are checked against it. Undefined if the tool takes no arguments.
   */
  abstract readonly argsType: OutputType<Args> | undefined;
  /** Longest duration of one call, in milliseconds; 30,000 if absent. */
  readonly timeout?: number;

  /**
   * Runs one call.
   * @param args an instance of {@link argsType} that fits the class
   * @param context the node's context with the signal and the span of this call. The signal aborts when the time limit is
   *   over or the run ends
   * @returns the result for the model: a string as it is, anything else as JSON
   * @throws ToolError with a message for the model; for any other error it learns only that the tool failed
   */
  abstract execute(args: Args, context: TaskContext): Promise<Result> | Result;
}

/** A tool cannot do what the model asked. The message goes to the model, so that it can try something else. */
export class ToolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ToolError';
  }
}
