import { isHeaderValue, isJsonObject, isPresent, type JsonObject } from '../../../kernel/index.js';
import { type Fault, type FaultLog, makeTypeFault } from '../../../schema/index.js';

/** Most MCP servers of one request. */
const MOST_SERVERS = 16;
/** Most characters of an address, and of all headers for one server together. */
const LONGEST_URL = 2_048;
const LONGEST_HEADERS = 16 * 1024;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Headers that only the protocol may set. */
const OWN =
  /^(?:accept|content-(?:type|length|encoding)|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|mcp-.*|last-event-id)$/i;

/**
 * Checks what the class of an MCP server in a request cannot express. No fault quotes a value: some are secrets.
 * @param path of its place among the tools
 */
export function checkMcpTool(tool: JsonObject, path: string, faults: FaultLog): void {
  const { server_url: url, headers, authorization, allowed_tools: allowed, require_approval: approval } = tool;
  const refuse = (field: string, problem: string): void => {
    faults.add(() => makeFault(`${path}.${field}`, problem));
  };
  if (typeof url === 'string') checkUrl(url, (problem) => refuse('server_url', problem));
  if (isJsonObject(headers)) checkHeaders(headers, isPresent(authorization), (problem) => refuse('headers', problem));
  if (typeof authorization === 'string' && !/^[\x21-\x7e]+$/.test(authorization))
    refuse('authorization', 'it must consist of visible ASCII characters.');
  if (isPresent(allowed)) checkFilter(allowed, `${path}.allowed_tools`, true, faults);
  if (isJsonObject(approval)) {
    for (const name of ['always', 'never']) {
      if (isPresent(approval[name])) checkFilter(approval[name], `${path}.require_approval.${name}`, false, faults);
    }
  } else if (isPresent(approval) && approval !== 'always' && approval !== 'never') {
    refuse('require_approval', 'supported values are "always", "never" and an object with filters.');
  }
}

/** Checks that the servers of a request can be told apart, and are not too many. */
export function checkMcpServers(tools: readonly unknown[], faults: FaultLog): void {
  const labels = tools.flatMap((tool) => (isJsonObject(tool) && tool['type'] === 'mcp' ? [tool['server_label']] : []));
  if (labels.length > MOST_SERVERS)
    faults.add(() => makeFault('tools', `it has ${labels.length} MCP servers; at most ${MOST_SERVERS} are accepted.`));
  if (new Set(labels).size < labels.length)
    faults.add(() => makeFault('tools', 'two MCP servers have the same `server_label`.'));
}

function checkUrl(url: string, refuse: (problem: string) => void): void {
  if (url.length > LONGEST_URL || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    refuse(`it must be an address that begins with https:// and has at most ${LONGEST_URL} characters.`);
    return;
  }
  const { username, password } = new URL(url);
  if (username !== '' || password !== '')
    refuse('it must hold no name and password. Send `authorization` or `headers`.');
}

function checkHeaders(headers: JsonObject, hasToken: boolean, refuse: (problem: string) => void): void {
  let length = 0;
  for (const [name, value] of Object.entries(headers)) {
    length += name.length + (typeof value === 'string' ? value.length : 0);
    if (!HEADER_NAME.test(name) || typeof value !== 'string' || !isHeaderValue(value)) {
      refuse('it must hold names of headers and their values, as strings of Latin-1.');
      return;
    }
    if (OWN.test(name)) {
      refuse(`the protocol itself sets \`${name.slice(0, 64)}\`. Leave it out.`);
      return;
    }
    if (hasToken && /^authorization$/i.test(name)) {
      refuse('it has `Authorization` beside `authorization`. Send one of them.');
      return;
    }
  }
  if (length > LONGEST_HEADERS) refuse(`it must have at most ${LONGEST_HEADERS} characters.`);
}

function checkFilter(filter: unknown, path: string, canBeList: boolean, faults: FaultLog): void {
  if (canBeList && Array.isArray(filter)) {
    checkNames(filter, path, faults);
    return;
  }
  if (!isJsonObject(filter)) {
    faults.add(() => makeTypeFault(path, canBeList ? 'an array or an object' : 'an object', filter));
    return;
  }
  const { tool_names: names, read_only: isReadOnly } = filter;
  if (isPresent(names)) checkNames(names, `${path}.tool_names`, faults);
  if (isPresent(isReadOnly) && typeof isReadOnly !== 'boolean')
    faults.add(() => makeTypeFault(`${path}.read_only`, 'a boolean', isReadOnly));
}

function checkNames(names: unknown, path: string, faults: FaultLog): void {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string'))
    faults.add(() => makeTypeFault(path, 'an array of strings', names));
}

function makeFault(param: string, problem: string): Fault {
  return { param, code: 'invalid_value', message: `Invalid value for '${param}': ${problem}` };
}
