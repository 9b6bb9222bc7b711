import { InvalidRequestError } from '../../errors/index.js';
import type { JsonObject } from '../../kernel/index.js';
import { checkObject, compileRuleSet, FaultLog } from '../../schema/index.js';
import { assertParametersTaken, type CompiledWorkflow, type RunRequest } from '../../workflow/index.js';
import { checkChatDependencies } from '../wire/index.js';
import { listArguments } from './tools/input-schema.js';
import { McpArguments } from './tools/mcp-arguments.js';

const RULES = compileRuleSet(McpArguments);

/**
 * Makes the request of a run from the arguments of a tool call. Nothing in them is converted or filled in.
 * @throws InvalidRequestError for the first fault
 */
export function decodeArguments(args: JsonObject, workflow: CompiledWorkflow): RunRequest {
  assertKnown(args, workflow);
  const faults = new FaultLog();
  checkObject(RULES, args, '', faults);
  checkChatDependencies(args, faults);
  faults.throwIfAny();
  const { input, messages, ...parameters } = args as unknown as McpArguments;
  const conversation = [...(messages ?? []), ...(typeof input === 'string' ? [makeUserMessage(input)] : [])];
  if (conversation.length === 0 && workflow.readsMessages) {
    throw new InvalidRequestError("Missing required argument: 'input', the message for the workflow.", {
      param: 'input',
      code: 'missing_required_parameter',
    });
  }
  assertParametersTaken(parameters, workflow.id, workflow.takes);
  return { model: workflow.id, messages: conversation, parameters };
}

/** Models invent arguments. A provider would refuse them with an unhelpful message. */
function assertKnown(args: JsonObject, workflow: CompiledWorkflow): void {
  const known = listArguments(workflow);
  const unknown = Object.keys(args).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidRequestError(`Unknown argument: '${unknown.slice(0, 64)}'. There are: ${known.join(', ')}.`, {
    param: unknown.slice(0, 64),
    code: 'unknown_parameter',
  });
}

function makeUserMessage(content: string): RunRequest['messages'][number] {
  return { role: 'user', content };
}
