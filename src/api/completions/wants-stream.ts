import type { WorkflowName } from '../../workflow/index.js';

/**
 * Whether a request is answered with a stream. `stream` decides if it is there. Where it is absent or null, OpenAI's rule
 * is one JSON object; only a workflow that declares otherwise streams then, unless the Accept header names
 * application/json, as all OpenAI SDKs send it. A present `stream` is never overruled by Accept: the SDKs send
 * application/json for streams too (openai-node 4 to 7).
 */
export function wantsStream(
  stream: boolean | null | undefined,
  { streamByDefault }: Pick<WorkflowName, 'streamByDefault'>,
  accept: string | undefined,
): boolean {
  if (stream !== null && stream !== undefined) return stream;
  return streamByDefault && !/\bapplication\/json\b/i.test(accept ?? '');
}
