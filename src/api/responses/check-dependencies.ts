import { isJsonObject, isPresent, type JsonObject } from '../../kernel/index.js';
import { type Fault, type FaultLog, makeMissingFault, makeTypeFault } from '../../schema/index.js';

/**
 * Checks the parameters that make no sense without another one, and everything that a rule for one parameter cannot
 * check.
 */
export function checkResponseParameters(body: JsonObject, faults: FaultLog): void {
  const { input, previous_response_id: previous, stream, stream_options: options, background, store, metadata } = body;
  const hasPrevious = isPresent(previous);
  if (!isPresent(input) && !hasPrevious) faults.add(() => makeMissingFault('input'));
  if (Array.isArray(input) && input.length === 0 && !hasPrevious) {
    faults.add(() => ({
      param: 'input',
      code: 'empty_array',
      message: `Invalid 'input': empty array. Expected an array with at least 1 item, or 'previous_response_id'.`,
    }));
  }
  if (isPresent(options) && stream !== true) {
    faults.add(() => refuse('stream_options', `'stream_options' is only allowed when 'stream' is true.`));
  }
  if (background === true && store === false) {
    faults.add(() =>
      refuse('background', 'background responses must be stored. Leave `store` out.', 'unsupported_value'),
    );
  }
  // They are returned, and clients expect strings.
  if (isJsonObject(metadata)) {
    for (const [name, value] of Object.entries(metadata)) {
      if (typeof value !== 'string')
        faults.add(() =>
          makeTypeFault(/^[\w-]{1,64}$/.test(name) ? `metadata.${name}` : 'metadata', 'a string', value),
        );
    }
  }
}

function refuse(param: string, message: string, code = 'invalid_value'): Fault {
  return { param, code, message: `Invalid value for '${param}': ${message}` };
}
