import type { CallToolResult } from '@modelcontextprotocol/server';
import type { OpenWait } from '../../../engine/index.js';
import type { ToolOutput } from '../mcp.collector.js';

/**
 * The result of a call whose run waits for an answer that its client cannot ask for, or did not get. It says who can
 * answer, and how. There is no tool for answering: a person or a dedicated program answers, and a model must not do so
 * by itself.
 * @param path that of the application below which the routes are
 */
export function describeWaiting(
  run: string,
  waits: readonly Pick<OpenWait, 'name' | 'shown' | 'schema'>[],
  said: ToolOutput,
  path: string,
): CallToolResult {
  const asked = waits.map(
    ({ name, shown, schema }) =>
      `"${name}": it shows ${JSON.stringify(shown)}. Send POST ${path}/v1/runs/${run}/waits/${encodeURIComponent(name)} with the body {"value": …}, where the value fits the JSON Schema ${JSON.stringify(schema)}.`,
  );
  const text = [
    `The workflow has not ended: it waits for an answer from a person. Its run is ${run}.`,
    ...asked,
    `GET ${path}/v1/runs/${run} shows its result. Do not call this tool again for that: it would begin another run.`,
  ].join('\n\n');
  return {
    content: [...(said.text === '' ? [] : said.content), { type: 'text', text }],
    _meta: { 'millrace/run': run, 'millrace/waits': waits.map(({ name, shown, schema }) => ({ name, shown, schema })) },
  };
}
