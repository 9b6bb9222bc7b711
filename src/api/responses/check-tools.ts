import { describeValue, isJsonObject, isPresent, type JsonObject } from '../../kernel/index.js';
import {
  checkObject,
  compileRuleSet,
  type Fault,
  type FaultLog,
  makeMissingFault,
  makeTypeFault,
} from '../../schema/index.js';
import { TOOL_CHOICES, TOOLS } from './dto/index.js';
import { checkMcpServers, checkMcpTool } from './mcp/check-mcp-tools.js';

const RULES = new Map(Object.entries(TOOLS).map(([type, tool]) => [type, compileRuleSet(tool)]));
const CHOICES = new Map(Object.entries(TOOL_CHOICES).map(([type, choice]) => [type, compileRuleSet(choice)]));

/** Checks the tools that can be offered to models; other tools only for their type. */
export function checkTools(tools: readonly unknown[], faults: FaultLog): void {
  for (const [index, tool] of tools.entries()) {
    const path = `tools[${index}]`;
    if (!isJsonObject(tool)) {
      faults.add(() => makeTypeFault(path, 'an object', tool));
      continue;
    }
    const type = readType(tool, path, faults);
    const rules = type === undefined ? undefined : RULES.get(type);
    if (rules !== undefined) checkObject(rules, tool, path, faults);
    if (type === 'mcp') checkMcpTool(tool, path, faults);
  }
  checkMcpServers(tools, faults);
}

/** Checks that a tool choice is possible with the tools of the request. */
export function checkToolChoice({ tool_choice: choice, tools }: JsonObject, faults: FaultLog): void {
  const offered = listOffered(tools);
  if (choice === 'required' && offered.size === 0) {
    const isEmpty = !Array.isArray(tools) || tools.length === 0;
    faults.add(() =>
      isEmpty
        ? makeToolChoiceFault(`"required" needs 'tools'.`)
        : makeToolChoiceFault(NONE_OFFERED, 'unsupported_value'),
    );
  }
  if (!isJsonObject(choice)) return;
  const type = readType(choice, 'tool_choice', faults);
  if (type === undefined) return;
  const rules = CHOICES.get(type);
  if (rules === undefined) {
    faults.add(() =>
      makeToolChoiceFault(`this server does not run tools of the type ${describeValue(type)}.`, 'unsupported_value'),
    );
    return;
  }
  checkObject(rules, choice, 'tool_choice', faults);
  if (type === 'allowed_tools') checkAllowed(choice, offered, faults);
  else if ((type === 'mcp' || typeof choice['name'] === 'string') && !offered.has(writeKey(choice)))
    faults.add(() => makeUnknownToolFault(choice));
}

const NONE_OFFERED = 'a tool must be called, and this server runs none of the given tools.';

function checkAllowed({ mode, tools }: JsonObject, offered: ReadonlySet<string>, faults: FaultLog): void {
  if (!Array.isArray(tools)) return;
  let isAnyOffered = false;
  for (const tool of tools) {
    if (!isJsonObject(tool) || !RULES.has(readName(tool['type']))) continue;
    isAnyOffered = true;
    if (!offered.has(writeKey(tool))) faults.add(() => makeUnknownToolFault(tool));
  }
  if (mode === 'required' && !isAnyOffered) faults.add(() => makeToolChoiceFault(NONE_OFFERED, 'unsupported_value'));
}

function listOffered(tools: unknown): ReadonlySet<string> {
  if (!Array.isArray(tools)) return new Set();
  return new Set(
    tools.filter((tool): tool is JsonObject => isJsonObject(tool) && RULES.has(readName(tool['type']))).map(writeKey),
  );
}

/** Functions, custom tools and MCP servers have names of their own each. */
function writeKey({ type, name, server_label: label }: JsonObject): string {
  return `${readName(type)} ${readName(type === 'mcp' ? label : name)}`;
}

function readName(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readType({ type }: JsonObject, path: string, faults: FaultLog): string | undefined {
  if (typeof type === 'string') return type;
  faults.add(() =>
    isPresent(type) ? makeTypeFault(`${path}.type`, 'a string', type) : makeMissingFault(`${path}.type`),
  );
  return undefined;
}

function makeUnknownToolFault({ type, name, server_label: label }: JsonObject): Fault {
  if (type === 'mcp') return makeToolChoiceFault(`no MCP server of 'tools' has the label ${describeValue(label)}.`);
  return makeToolChoiceFault(`no tool of 'tools' has the name ${describeValue(name)}.`);
}

function makeToolChoiceFault(problem: string, code = 'invalid_value'): Fault {
  return { param: 'tool_choice', code, message: `Invalid value for 'tool_choice': ${problem}` };
}
