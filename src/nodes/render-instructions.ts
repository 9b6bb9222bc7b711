import { rejectOnAbort } from '../kernel/index.js';
import type { Message } from '../models/index.js';
import { type AgentData, PromptFile, TaskContext } from '../workflow/index.js';
import type { PromptManager } from './prompts/index.js';

/**
 * The text for one run; undefined if there are no instructions.
 * @param input the conversation, for a function, and the variables, which a prompt file is given
 * @throws PromptError if the prompt file cannot be rendered, the run's abort reason after an abort
 */
export async function renderInstructions(
  instructions: AgentData['instructions'],
  prompts: PromptManager,
  input: { readonly messages: readonly Message[] },
  context: TaskContext,
): Promise<string | undefined> {
  if (instructions instanceof PromptFile) {
    const { messages: _messages, ...variables } = input;
    return prompts.render(instructions, variables);
  }
  if (typeof instructions !== 'function') return instructions;
  return rejectOnAbort(Promise.resolve(instructions(input as never, context)), TaskContext.readAbort(context));
}
