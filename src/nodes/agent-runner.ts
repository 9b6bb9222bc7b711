import type { OutputType } from '../schema/index.js';
import {
  type AgentInput,
  type ChannelMap,
  findChannelProblem,
  type ParameterGroup,
  type TaskContext,
  WiringError,
} from '../workflow/index.js';
import { type AgentPlan, changePlan } from './agent-plan.js';
import { AgentRun, parseModelOutput } from './agent-run.js';
import { AgentStream } from './agent-stream.js';

/** Runs one agent, as often as its step runs. */
export class AgentRunner<Output> {
  readonly #plan: AgentPlan<Output>;

  constructor(plan: AgentPlan<Output>) {
    this.#plan = plan;
  }

  /** Groups of the client's parameters that reach the model. A structured agent always keeps its own response format. */
  get forwards(): readonly ParameterGroup[] {
    return this.#plan.forwards;
  }

  /** The class or schema of its output; undefined: text. */
  get returns(): OutputType | undefined {
    return this.#plan.config.output;
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
   * Runs the agent to its end.
   * @param input `messages`, and the variables of the agent's instructions
   * @returns the whole output: the text, or the validated object
   * @throws UpstreamError if the model fails, ToolRoundsExceededError or ToolCallsExceededError if it keeps asking for tools,
   *   IncompleteOutputError if it stops before a structured output is whole, StructuredOutputError if the output does not fit
   *   its class or schema, InvalidRequestError if a client's tool has the name of one of the server's tools
   */
  async run(input: AgentInput, context: TaskContext): Promise<Output> {
    return new AgentRun(this.#choosePlan(context), input, context).run();
  }

  /** Streams the output as it arrives. */
  runStream(input: AgentInput, context: TaskContext): AgentStream<Output> {
    return new AgentStream(
      (finish) => new AgentRun(this.#choosePlan(context), input, context).stream(finish),
      (output) => parseModelOutput(output, this.#plan, context),
    );
  }

  /** In development, the agent can be changed for one run. */
  #choosePlan({ request: { overrides }, log: { node } }: TaskContext): AgentPlan<Output> {
    const change = overrides === undefined || node === undefined ? undefined : overrides[node];
    return change === undefined ? this.#plan : changePlan(this.#plan, change);
  }
}
