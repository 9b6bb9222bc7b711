import { isTimerMs, type JsonObject, MAX_TIMER_MS } from '../../kernel/index.js';
import { type ObjectSchema, makeOutputSchema } from '../../schema/index.js';
import type { AgentTool } from '../../workflow/index.js';

/** A tool as it is described to the model. */
interface ToolDefinition {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description: string;
    readonly parameters: ObjectSchema | JsonObject;
    /** Absent: the schema may have more than the strict subset. */
    readonly strict?: true;
  };
}

/** One tool of an agent. */
export interface ToolboxEntry {
  readonly tool: AgentTool;
  /** @throws StructuredOutputError if the arguments do not fit the tool's class */
  readonly parse: (args: string) => Promise<object | void> | undefined;
  /** For a tool of a server that the client names: the client gets events of its calls. Absent for others. */
  readonly remote?: RemoteTool;
}

/** Identifies the tool in the client's words. */
export interface RemoteTool {
  /** Label of the server. */
  readonly server: string;
  /** Its name, as the server calls it. */
  readonly name: string;
  /** True if the client has to approve each call. */
  readonly needsApproval: boolean;
}

/** A tool of a server, as the server has listed it. */
export interface ListedTool extends ToolboxEntry {
  /** For models; no other tool of the agent has it. */
  readonly name: string;
  /** JSON Schema of its arguments. */
  readonly parameters: JsonObject;
}

/** Names that OpenAI accepts for a function. */
const VALID_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const NO_ARGUMENTS: ObjectSchema = Object.freeze({
  type: 'object',
  properties: {},
  required: [],
  additionalProperties: false,
});

/** The tools of one agent by name, checked at start-up. */
export class Toolbox {
  readonly definitions: readonly ToolDefinition[];
  readonly #entries = new Map<string, ToolboxEntry>();

  /** @throws Error if a name is invalid or used twice, OutputClassError if arguments cannot be written as a schema */
  constructor(tools: readonly AgentTool[]) {
    this.definitions = tools.map((tool) => this.#add(tool));
  }

  /** Makes a toolbox with these tools as well. */
  with(listed: readonly ListedTool[]): Toolbox {
    const box = new Toolbox([]);
    for (const [name, entry] of this.#entries) box.#entries.set(name, entry);
    for (const { name, tool, parse, remote } of listed)
      box.#entries.set(name, { tool, parse, ...(remote && { remote }) });
    const definitions = listed.map(({ name, tool: { description }, parameters }): ToolDefinition => ({
      type: 'function',
      function: { name, description, parameters },
    }));
    return Object.assign(box, { definitions: [...this.definitions, ...definitions] });
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** True if it has tools of servers that the client names. */
  get hasRemote(): boolean {
    return [...this.#entries.values()].some(({ remote }) => remote !== undefined);
  }

  /** Name, for models, of a tool of a server that the client names. */
  findRemote(server: string, tool: string): string | undefined {
    for (const [name, { remote }] of this.#entries) {
      if (remote?.server === server && remote.name === tool) return name;
    }
    return undefined;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  find(name: string | undefined): ToolboxEntry | undefined {
    return name === undefined ? undefined : this.#entries.get(name);
  }

  #add(tool: AgentTool): ToolDefinition {
    const { name, description, argsType } = tool;
    // Callers without types can name any class.
    if (typeof name !== 'string' || typeof (tool as Partial<AgentTool>).execute !== 'function') {
      throw new Error(`its tool ${tool.constructor.name} is not a tool. Name a class that extends AgentTool.`);
    }
    if (!VALID_NAME.test(name)) {
      throw new Error(`"${name}" cannot be a tool's name. Use 1 to 64 letters, digits, _ and -.`);
    }
    if (this.#entries.has(name)) throw new Error(`two of its tools have the name "${name}". Rename one.`);
    if (tool.timeout !== undefined && !isTimerMs(tool.timeout, 1)) {
      throw new Error(
        `its tool "${name}" has the timeout ${tool.timeout}. Give milliseconds from 1 to ${MAX_TIMER_MS}, or leave it out.`,
      );
    }
    const schema = argsType && makeOutputSchema(argsType);
    // Some models send an empty text for an object without properties.
    const parse = (args: string): Promise<object | void> | undefined => schema?.parse(args.trim() === '' ? '{}' : args);
    this.#entries.set(name, { tool, parse });
    const parameters = schema?.schema ?? NO_ARGUMENTS;
    return { type: 'function', function: { name, description, parameters, strict: true } };
  }
}
