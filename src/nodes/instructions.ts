import { abortable } from '../kernel/index.js';
import { TaskContext } from '../workflow/index.js';
import type { AgentInput } from './agent-input.js';
import { PromptFile, type PromptManager } from './prompts/index.js';

/** What a model is told first: a text, a prompt file, or a function that makes the text for each run. */
export type Instructions =
  string | PromptFile | ((context: TaskContext, input: AgentInput) => string | Promise<string>);

/**
 * The text for one run; undefined if there are no instructions.
 * @throws PromptError if the prompt file cannot be rendered, the run's abort reason after an abort
 */
export async function renderInstructions(
  instructions: Instructions | undefined,
  prompts: PromptManager,
  input: AgentInput,
  context: TaskContext,
): Promise<string | undefined> {
  if (instructions instanceof PromptFile) return prompts.render(instructions, input.variables);
  if (typeof instructions !== 'function') return instructions;
  return abortable(Promise.resolve(instructions(context, input)), TaskContext.readAbort(context));
}
