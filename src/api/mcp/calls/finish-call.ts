import type { CallToolResult } from '@modelcontextprotocol/server';
import { InternalError, type RunError, toRunError } from '../../../errors/index.js';
import { isJsonObject } from '../../../kernel/index.js';
import type { WorkflowTool } from '../tools/tool-catalog.service.js';
import { fitsSchema } from './fit-result.js';
import { makeErrorResult, makeResult, type ToolOutput } from '../mcp.collector.js';

/**
 * Makes the result of a call whose run is over.
 * @param failure the error of the run; undefined: it finished
 */
export async function finishCall(
  { tool }: WorkflowTool,
  said: ToolOutput,
  run: string,
  failure: RunError | undefined,
): Promise<CallToolResult> {
  if (failure !== undefined) return makeErrorResult(failure, said);
  const { finished } = said;
  if (finished === undefined) throw new Error('The events of the run have no end');
  const { result } = finished;
  if (tool.outputSchema === undefined) {
    return makeResult(said, run, isJsonObject(result) ? result : undefined);
  }
  // A client that knows an output schema refuses a result that does not fit it.
  if (result === undefined) return makeErrorResult(ENDED_EARLY, said);
  if (await fitsSchema(tool, result)) return makeResult(said, run, result);
  return makeErrorResult(toRunError(new InternalError(new Error('The result does not fit its schema'))), said);
}

const ENDED_EARLY: RunError = {
  status: 200,
  type: 'server_error',
  code: 'ended_early',
  param: null,
  message: 'The workflow ended before it had a result. Its output until then comes before this.',
};
