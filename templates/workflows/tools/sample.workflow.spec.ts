import { expect, it } from '@jest/globals';
import { fakeModel, runWorkflow, toolCall } from 'millrace/testing';
import { SampleWorkflow } from './sample.workflow.js';

it('tells the model what its tool has found', async () => {
  const models = fakeModel([toolCall('local_time', { city: 'Tokyo' })], 'It is late.');
  const run = await runWorkflow(SampleWorkflow, 'What time is it in Tokyo?', { models });
  expect(run.text).toBe('It is late.');
  expect(/^Tokyo: \d\d:/.test(String(run.calls[1]?.messages.at(-1)?.content))).toBe(true);
});
