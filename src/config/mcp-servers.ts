import { isJsonObject, isTimerMs, type JsonObject } from '../kernel/index.js';
import { type ValueKind, InvalidValue } from './setting.js';

/** The settings that every MCP server has. */
interface AnyMcpServer {
  /** Names of its tools that agents may use. Absent: all that it lists. */
  readonly tools?: readonly string[];
  /** Longest duration of one call, in milliseconds; 30,000 if absent. */
  readonly timeout?: number;
}

/** An MCP server that is reached over HTTP. */
export interface HttpMcpServer extends AnyMcpServer {
  readonly url: string;
  /** Sent with each request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly command?: undefined;
}

/** An MCP server that is a program, which is started when it is first used. */
export interface ProgramMcpServer extends AnyMcpServer {
  readonly command: string;
  readonly args?: readonly string[];
  /** All of its environment, beside what every program needs to run (`PATH`, `HOME` …). */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly url?: undefined;
}

/** Where an MCP server is. */
export type McpServerPlace = HttpMcpServer | ProgramMcpServer;

/** MCP servers by the names that agents call them. */
type McpServerPlaces = Readonly<Record<string, McpServerPlace>>;

/** Names stand in names of tools, of which models allow few characters. */
const NAME = /^[A-Za-z0-9_-]{1,32}$/;

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  url: (value) => typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value),
  headers: isTexts,
  command: (value) => typeof value === 'string' && value !== '',
  args: isListOfTexts,
  env: isTexts,
  cwd: (value) => typeof value === 'string',
  tools: isListOfTexts,
  timeout: (value) => typeof value === 'number' && isTimerMs(value, 1),
};

/** What is wrong with the description of a server; undefined: nothing. It quotes no value: some are secrets. */
export function findMcpServerFault(name: string, server: unknown): string | undefined {
  if (!NAME.test(name))
    return `"${name.slice(0, 64)}" is not a valid name of a server: 1 to 32 letters, digits, _ and -`;
  if (!isJsonObject(server)) return `"${name}" is not an object`;
  const wrong = Object.entries(server).find(([key, value]) => value !== undefined && FIELDS[key]?.(value) !== true);
  if (wrong !== undefined) {
    const [key] = wrong;
    return key in FIELDS
      ? `"${name}" has a wrong ${key}`
      : `"${name}" has "${key.slice(0, 64)}"; there are ${Object.keys(FIELDS).join(', ')}`;
  }
  const isHttp = server['url'] !== undefined;
  if (isHttp === (server['command'] !== undefined)) return `"${name}" needs a url or a command, and not both`;
  return undefined;
}

/** Servers by name, as one JSON object: `{"docs": {"url": "https://…"}}`. The whole of it is secret, for the headers in it. */
export const mcpServerPlaces: ValueKind<McpServerPlaces> = (given) => {
  const must = 'be a JSON object of MCP servers by name, such as {"docs": {"url": "https://docs.example.com/mcp"}}';
  let servers: unknown;
  try {
    servers = JSON.parse(given);
  } catch {
    return new InvalidValue(must);
  }
  if (!isJsonObject(servers)) return new InvalidValue(must);
  const fault = Object.entries(servers)
    .map(([name, server]) => findMcpServerFault(name, server))
    .find((found) => found !== undefined);
  return fault === undefined ? (servers as McpServerPlaces) : new InvalidValue(`${must}: ${fault}`);
};

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isTexts(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value satisfies JsonObject).every((one) => typeof one === 'string');
}
