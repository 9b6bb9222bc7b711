import { expect, it } from '@jest/globals';
import { fakeModel, runWorkflow } from 'millrace/testing';
import { SampleWorkflow } from './sample.workflow.js';

it('leaves billing to accounting, and answers everything else', async () => {
  const billing = await runWorkflow(SampleWorkflow, 'My bill?', { models: fakeModel({ topic: 'billing' }) });
  expect(billing.text).toBe('Thank you. Our accounting answers within two days.');
  const other = await runWorkflow(SampleWorkflow, 'Hi', { models: fakeModel({ topic: 'other' }, 'Hello!') });
  expect(other.text).toBe('Hello!');
});
