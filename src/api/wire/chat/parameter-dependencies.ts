import { isPresent, type JsonObject } from '../../../kernel/index.js';
import type { Fault, FaultLog } from '../../../schema/index.js';

interface Dependency {
  readonly parameter: string;
  readonly isMet: (body: JsonObject) => boolean;
  readonly message: string;
}

const DEPENDENCIES: readonly Dependency[] = [
  {
    parameter: 'tool_choice',
    isMet: (body) => isPresent(body['tools']),
    message: `'tool_choice' is only allowed when 'tools' are given.`,
  },
  {
    parameter: 'top_logprobs',
    isMet: (body) => body['logprobs'] === true,
    message: `'top_logprobs' is only allowed when 'logprobs' is true.`,
  },
];

/** Checks the parameters that make no sense without another one. */
export function checkChatDependencies(body: JsonObject, faults: FaultLog): void {
  for (const { parameter, isMet, message } of DEPENDENCIES) {
    if (isPresent(body[parameter]) && !isMet(body)) faults.add(() => makeFault(parameter, message));
  }
}

function makeFault(param: string, message: string): Fault {
  return { param, code: 'invalid_value', message: `Invalid value for '${param}': ${message}` };
}
