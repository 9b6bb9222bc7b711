import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fakeModel, runWorkflow } from 'millrace/testing';
import { AssistantWorkflow } from './assistant.workflow.js';

it('answers the user', async () => {
  const run = await runWorkflow(AssistantWorkflow, 'Hi', { models: fakeModel('Hello!') });
  assert.equal(run.text, 'Hello!');
  assert.deepEqual(run.calls[0]?.messages.at(-1), { role: 'user', content: 'Hi' });
});
