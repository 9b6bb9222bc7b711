import type { ModelProviders } from '../models/index.js';
import type { ParameterGroup, TaskContext } from '../workflow/index.js';
import type { AgentConfig } from './agent-config.js';
import type { AgentInput } from './agent-input.js';
import { type AgentPlan, planAgent } from './agent-plan.js';
import type { AgentResources } from './agent-resources.js';
import { AgentRun, parseReply } from './agent-run.js';
import { AgentStream } from './agent-stream.js';

/** Asks the language model of one node: what is said to it, with which parameters and tools, and what its answer is. */
export class Agent<Output> {
  readonly #plan: AgentPlan<Output>;

  /**
   * @param node whose agent it is: its tools are those of the module that provides the node. Without it, each tool must
   *   have one instance in the whole application
   * @throws Error if a provider is not configured, the output class, a tool or the prompt file cannot be used
   */
  constructor(config: AgentConfig<Output>, providers: ModelProviders, resources?: AgentResources, node?: object) {
    this.#plan = planAgent(config, providers, resources, node);
  }

  /** Which groups of the client's parameters reach the model. A structured agent's response format is its own. */
  get forwards(): readonly ParameterGroup[] {
    return this.#plan.forwards;
  }

  /**
   * One whole answer: the text, or the validated object.
   * @throws UpstreamError if the model fails, ToolRoundsExceededError or ToolCallsExceededError if it does nothing but ask for tools,
   *   IncompleteAnswerError if it stops before a structured answer is whole, StructuredOutputError if that does not fit
   *   its class, InvalidRequestError if a tool of the client has the name of one of the server's
   */
  async run(input: AgentInput, context: TaskContext): Promise<Output> {
    return new AgentRun(this.#plan, input, context).run();
  }

  /** The answer as it arrives. */
  runStream(input: AgentInput, context: TaskContext): AgentStream<Output> {
    return new AgentStream(
      (finish) => new AgentRun(this.#plan, input, context).stream(finish),
      (reply) => parseReply(reply, this.#plan),
    );
  }
}
