import { expect, it } from '@jest/globals';
import { fakeModelBySteps, runWorkflow } from 'millrace/testing';
import { SampleWorkflow } from './sample.workflow.js';

it('advises from both findings', async () => {
  const models = fakeModelBySteps({ benefits: 'It is quick.', risks: 'It is dear.', advise: 'Wait.' });
  const run = await runWorkflow(SampleWorkflow, 'Shall we move?', { models });
  expect(run.text).toBe('Wait.');
  expect(run.calls.at(-1)?.messages[0]?.content).toBe(
    'Advise the user.\nIn favour: It is quick.\nAgainst: It is dear.',
  );
});
