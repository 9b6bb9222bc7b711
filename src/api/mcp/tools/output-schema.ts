import { assertNever, isJsonObject, type JsonObject } from '../../../kernel/index.js';
import { makeOutputSchema, type ObjectSchema } from '../../../schema/index.js';
import type { CompiledScope, CompiledWorkflow } from '../../../workflow/index.js';

/** The JSON Schema of an object. */
type OutputObjectSchema = JsonObject & { readonly type: 'object' };

/**
 * The JSON Schema of a workflow's result. Undefined if the result is text, depends on the branch taken, or is not
 * shown: the log of a run that can wait has only what clients have read.
 */
export function findOutputSchema({ scope, waits }: CompiledWorkflow): OutputObjectSchema | undefined {
  const schema = waits.length > 0 ? undefined : findResultSchema(scope);
  return schema && (loosen(schema) as OutputObjectSchema);
}

function findResultSchema({ steps, resultStep, isOutput }: CompiledScope): ObjectSchema | undefined {
  const step = isOutput ? steps.find(({ key }) => key === resultStep) : undefined;
  switch (step?.kind) {
    case 'node': {
      const { returns } = step.instance;
      return step.onError === undefined && returns !== undefined ? makeOutputSchema(returns).schema : undefined;
    }
    case 'workflow':
      return findResultSchema(step.workflow.scope);
    case 'route':
    case 'interrupt':
    case undefined:
      return undefined;
    default:
      return assertNever(step);
  }
}

/**
 * The schema for a model is strict: it must write every property, and null for missing ones. The value that the class
 * or schema makes of it leaves such properties out, and may have others.
 */
function loosen(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(loosen);
  if (!isJsonObject(value)) return value;
  const loose: JsonObject = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, loosen(part)]));
  const { type, properties, required, additionalProperties: _strict, ...rest } = loose;
  if (type !== 'object' || !isJsonObject(properties) || !Array.isArray(required)) return loose;
  return { type, ...rest, properties, required: required.filter((name) => !takesNull(properties[String(name)])) };
}

function takesNull(schema: unknown): boolean {
  if (!isJsonObject(schema)) return false;
  const { type, anyOf } = schema;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.includes('null') || (Array.isArray(anyOf) && anyOf.some(takesNull));
}
