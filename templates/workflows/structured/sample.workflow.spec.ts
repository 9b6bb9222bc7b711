import { expect, it } from '@jest/globals';
import { fakeModel, runWorkflow } from 'millrace/testing';
import { SampleWorkflow } from './sample.workflow.js';

it('thinks, then answers', async () => {
  const models = fakeModel({ thinking: 'A greeting.', reply: 'Hello!' });
  const run = await runWorkflow(SampleWorkflow, 'Hi', { models });
  expect(run.reasoning).toBe('A greeting.');
  expect(run.text).toBe('Hello!');
});
