import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunRequest, WorkflowRegistry } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { joinDeltas, summarizeLog, runLogged } from '../support/crashing-runs.js';

describe('the example workflows, when their process dies', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { DEMO: 'on', DEMO_TOKENS_PER_SECOND: '0' } });
  });
  afterAll(() => app.close());

  it('continue to the same end, wherever that was', async () => {
    const workflows = new Set(
      app.nest
        .get(WorkflowRegistry)
        .list()
        .map(({ workflow }) => workflow),
    );
    expect(workflows.size).toBeGreaterThan(5);
    for (const workflow of workflows) {
      const messages = [{ role: 'user' as const, content: 'My invoice is wrong' }];
      const request: RunRequest = { model: workflow.id, messages, parameters: {} };
      const setting = { workflow, request, answer: () => ({ approved: true }) };
      const whole = joinDeltas(await runLogged(setting));
      const expected = summarizeLog(whole);
      expect(expected).toMatchObject({ end: { type: 'run-finished' } });
      for (let length = 1; length < whole.length; length++) {
        const before = whole.slice(0, length);
        const resumed = await runLogged(setting, before);
        expect([workflow.id, length, summarizeLog(resumed)]).toEqual([workflow.id, length, expected]);
        const again = resumed.slice(length).flatMap(({ event }) => (event.type === 'node-started' ? event.node : []));
        expect(before.filter(({ checkpoint }) => again.includes(checkpoint?.node ?? ''))).toEqual([]);
      }
    }
  });
});
