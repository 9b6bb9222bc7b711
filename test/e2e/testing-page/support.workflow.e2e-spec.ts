import { describe, expect, it } from '@jest/globals';
import { UpstreamError } from 'millrace';
import { type FakeOutput, fakeModel, fakeModelBySteps, runWorkflow } from 'millrace/testing';
import { ArticleService, SupportWorkflow } from './support.workflow.js';

const billing = { topic: 'billing', urgent: true };
const ask = (...outputs: FakeOutput[]) =>
  runWorkflow(SupportWorkflow, 'I was charged twice!', { models: fakeModel(...outputs), providers: [ArticleService] });

describe('the support workflow', () => {
  it('answers from the articles about the topic', async () => {
    const run = await ask(billing, 'We are sorry.');
    expect(run.text).toBe('We are sorry.');
    expect(run.steps.map(({ key }) => key)).toEqual(['topic', 'look-up', 'answer']);
    expect(run.steps[0]?.output).toEqual(billing);
    expect(run.unused).toEqual([]); // the model has given all its outputs
    expect(run.calls[1]?.messages[0]?.content).toContain('Refunds take three days.');
  });

  it('lets the model repair its output once, and then fails', async () => {
    const weather = { topic: 'weather', urgent: true };
    expect((await ask(weather, billing, 'We are sorry.')).text).toBe('We are sorry.');
    await expect(ask(weather, weather)).rejects.toMatchObject({ code: 'invalid_structured_output' });
  });

  it('tells the client if the provider is busy', async () => {
    const busy = new UpstreamError('Try again later.', { status: 429, code: 'rate_limit_exceeded', retryable: false });
    await expect(ask(billing, busy)).rejects.toBe(busy);
  });

  it('says so where it finds no article', async () => {
    const models = fakeModelBySteps({ topic: { topic: 'other', urgent: false }, answer: 'I do not know.' });
    const nothing = { provide: ArticleService, useValue: { find: () => [] } };
    const run = await runWorkflow(SupportWorkflow, 'Hi', { models, providers: [nothing] });
    expect(run.text).toBe('I do not know.');
  });
});
