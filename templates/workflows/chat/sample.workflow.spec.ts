import { expect, it } from '@jest/globals';
import { fakeModel, runWorkflow } from 'millrace/testing';
import { SampleWorkflow } from './sample.workflow.js';

it('answers the user', async () => {
  const run = await runWorkflow(SampleWorkflow, 'Hi', { models: fakeModel('Hello!') });
  expect(run.text).toBe('Hello!');
  expect(run.calls[0]?.messages.at(-1)).toEqual({ role: 'user', content: 'Hi' });
});
