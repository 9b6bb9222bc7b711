import { rejectOnAbort, describeKind } from '../kernel/index.js';
import type { Message } from '../models/index.js';
import { type AgentData, PromptFile, TaskContext } from '../workflow/index.js';
import type { PromptManager } from './prompts/index.js';

/**
 * Makes the instructions for one run; undefined if the agent has none.
 * @param input the conversation and the variables: a function gets both, a prompt file only the variables
 * @throws PromptError if the prompt file cannot be rendered, Error if a function returns no text, the run's abort reason
 *   after an abort
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
  const made: unknown = instructions(input as never, context);
  const text = await rejectOnAbort(Promise.resolve(made), TaskContext.readAbort(context));
  if (typeof text === 'string') return text;
  const { node } = context.log;
  const whose = node === undefined ? 'an agent' : `the step "${node}"`;
  throw new Error(`The instructions of ${whose} give ${describeKind(text)}, and must give a text`);
}
