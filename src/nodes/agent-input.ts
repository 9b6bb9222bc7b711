import type { Message } from '../models/index.js';
import type { PromptVariables } from './prompts/index.js';

/** What an agent is asked. */
export interface AgentInput {
  /** The conversation, whole and in order; the agent's instructions are put before it. */
  readonly messages: readonly Message[];
  /** Values for the variables of the agent's prompt file. */
  readonly variables?: PromptVariables;
}
