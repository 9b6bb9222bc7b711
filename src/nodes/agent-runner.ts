import {
  type AgentInput,
  type ChannelMap,
  findChannelProblem,
  type ParameterGroup,
  type TaskContext,
  WiringError,
} from '../workflow/index.js';
import type { AgentPlan } from './agent-plan.js';
import { AgentRun, parseModelOutput } from './agent-run.js';
import { AgentStream } from './agent-stream.js';

/** Runs one agent: what is said to its language model, with which parameters and tools, and what its answer is. */
export class AgentRunner<Output> {
  readonly #plan: AgentPlan<Output>;

  constructor(plan: AgentPlan<Output>) {
    this.#plan = plan;
  }

  /** Which groups of the client's parameters reach the model. A structured agent's response format is its own. */
  get forwards(): readonly ParameterGroup[] {
    return this.#plan.forwards;
  }

  /** @throws WiringError if they do not fit the output */
  assertChannels(channels: ChannelMap<never>): void {
    const properties = this.#plan.schema?.schema.properties ?? {};
    const problem = findChannelProblem(channels, Object.keys(properties));
    if (problem !== undefined) throw new WiringError(problem);
  }

  /** The models that it asks, as `provider/model`: the first, then its fallbacks. */
  get asks(): readonly string[] {
    return this.#plan.targets.map(({ providerName, model }) => `${providerName}/${model}`);
  }

  /**
   * One whole answer: the text, or the validated object.
   * @param input `messages`, and the variables of the agent's instructions
   * @throws UpstreamError if the model fails, ToolRoundsExceededError or ToolCallsExceededError if it does nothing but ask
   *   for tools, IncompleteOutputError if it stops before a structured answer is whole, StructuredOutputError if that does
   *   not fit its class or schema, InvalidRequestError if a tool of the client has the name of one of the server's
   */
  async run(input: AgentInput, context: TaskContext): Promise<Output> {
    return new AgentRun(this.#plan, input, context).run();
  }

  /** The answer as it arrives. */
  runStream(input: AgentInput, context: TaskContext): AgentStream<Output> {
    return new AgentStream(
      (finish) => new AgentRun(this.#plan, input, context).stream(finish),
      (reply) => parseModelOutput(reply, this.#plan, context),
    );
  }
}
