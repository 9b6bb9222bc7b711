import type { WorkflowNames } from './workflow-names.js';

/** The files of a new workflow's folder, by name: a workflow of one agent that streams plain text, and its test. */
export function makeWorkflowFiles(names: WorkflowNames): ReadonlyMap<string, string> {
  return new Map([
    [`${names.id}.workflow.ts`, writeWorkflowFile(names)],
    [`${names.id}.workflow.spec.ts`, writeSpecFile(names)],
  ]);
}

const writeWorkflowFile = ({ id, title, workflow }: WorkflowNames): string =>
  `import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';

/** One agent that answers the user in plain text. */
@Workflow({ id: '${id}', description: '${title}' })
export class ${workflow} {
  readonly answer = agent({ instructions: 'You are a helpful assistant. Answer the user in plain text.' });

  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}
`;

const writeSpecFile = ({ id, workflow }: WorkflowNames): string => `import { expect, it } from '@jest/globals';
import { fakeModel, runWorkflow } from 'millrace/testing';
import { ${workflow} } from './${id}.workflow.js';

it('answers the user', async () => {
  const run = await runWorkflow(${workflow}, 'Hi', { models: fakeModel('Hello!') });
  expect(run.text).toBe('Hello!');
  expect(run.calls[0]?.messages.at(-1)).toEqual({ role: 'user', content: 'Hi' });
});
`;
