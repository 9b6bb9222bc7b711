import type { JsonSchemaType, Tool } from '@modelcontextprotocol/server';
import { Logger } from '@nestjs/common';
import type { JsonValue } from '../../../kernel/index.js';
import { loadSdk } from '../load-sdk.js';

type Fits = (value: unknown) => Promise<boolean>;

const logger = new Logger('Mcp');
const checks = new WeakMap<object, Promise<Fits>>();

/** True if the result of a workflow fits the schema that clients know: they refuse one that does not. */
export async function fitsSchema(tool: Tool, result: JsonValue | undefined): Promise<boolean> {
  const { name, outputSchema } = tool;
  if (outputSchema === undefined) return true;
  let check = checks.get(outputSchema);
  if (check === undefined) {
    check = compileResultSchema(outputSchema);
    checks.set(outputSchema, check);
  }
  if (await (await check)(result)) return true;
  logger.warn(
    `The result of the tool "${name}" does not fit the schema of its class: a transform makes something else of it`,
  );
  return false;
}

async function compileResultSchema(schema: object): Promise<Fits> {
  const { fromJsonSchema } = await loadSdk();
  const standard = fromJsonSchema(schema as JsonSchemaType)['~standard'];
  return async (value) => (await standard.validate(value)).issues === undefined;
}
