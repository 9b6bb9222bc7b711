import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Injectable } from '@nestjs/common';
import { type ChatRefs, type Flow, type Ref, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { makeWorkflowsModule, readPrompt, SpeakNode } from '../support/bench.js';
import { describeInBrowser } from '../support/browser.js';
import { eventually } from '../support/checks.js';
import {
  ask,
  waitForEnd,
  expectAccessible,
  lane,
  LOOKS,
  openPlayground,
  readNodeState,
  readText,
} from '../support/playground-kit.js';
import { errorBody, httpError, scriptStream, type Step, steps, tokens } from '../support/upstream/index.js';

@Injectable()
class ChooseNode {
  process(_input: { text: string }, context: TaskContext): 'left' | 'right' {
    context.progress('Looking both ways');
    return 'right';
  }
}

@Workflow({ id: 'side-by-side', description: 'Three that speak, at the same time' })
class SideBySideWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    const left = flow.node(SpeakNode, { messages, prompt: 'left' }, { key: 'left' });
    flow.node(SpeakNode, { messages, prompt: 'middle' }, { key: 'middle', effect: true });
    flow.node(SpeakNode, { messages, prompt: 'right' }, { key: 'right', effect: true });
    return left;
  }
}

@Workflow({ id: 'crossing', description: 'A silent step, and one of two ways' })
class CrossingWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.route(flow.node(ChooseNode, { text: 'x' }), {
      left: (branch) => branch.node(SpeakNode, { messages, prompt: 'left' }),
      right: (branch) => branch.node(SpeakNode, { messages, prompt: 'right' }),
    });
  }
}

/** The status line waits long enough for an early error, even on a slow machine. */
const PATIENT = { env: { STREAM_OPEN_GRACE_MS: '10000' } };

describeInBrowser()('the playground', () => {
  const { visit, bench, demo } = openPlayground();

  describe('with two visible steps', () => {
    const STEPS = ['TextStreamingNode', 'StructuredStreamingNode'];
    /** The state in which the graph shows each step. */
    const readStates = (page: Page): Promise<(string | null)[]> =>
      Promise.all(STEPS.map((step) => readNodeState(page, step)));
    const start = async (): Promise<{ page: Page; first: steps.GateStep; second: steps.GateStep }> => {
      const { app, upstream } = await bench();
      const [first, second] = [steps.gate(), steps.gate()];
      upstream
        .next(scriptStream(['Plain ', first, 'words.'], { usage: tokens(3, 4) }))
        .next(scriptStream(['{"thinking":"Let me see","reply":"He', second, 'llo!"}'], { usage: tokens(5, 6) }));
      const { page } = await visit(app.url);
      await ask(page, 'streaming', 'Hello');
      await lane(page, 'TextStreamingNode').getByText('Plain', { exact: true }).waitFor();
      return { page, first, second };
    };

    it('shows the text of each in its own lane, as it comes', async () => {
      const { page, first, second } = await start();
      const structured = lane(page, 'StructuredStreamingNode');
      expect(await structured.count()).toBe(0);
      first.open();
      await structured.locator('.tree.filling').waitFor();
      await eventually(async () => (await structured.locator('dd').allInnerTexts()).join('|') === 'Let me see|He');
      expect(await structured.locator('dt').allInnerTexts()).toEqual(['thinking', 'reply']);
      expect(await lane(page, 'TextStreamingNode').locator('> .said').innerText()).toBe('Plain words.');
      second.open();
      await waitForEnd(page);
      expect(await structured.locator('dd').allInnerTexts()).toEqual(['Let me see', 'Hello!']);
      expect(await page.locator('.tree.filling').count()).toBe(0);
    });

    it('highlights each in the graph while it runs', async () => {
      const { page, first, second } = await start();
      expect(await lane(page, 'TextStreamingNode').getAttribute('data-state')).toBe('running');
      expect(await readStates(page)).toEqual(['running', 'waiting']);
      first.open();
      await lane(page, 'StructuredStreamingNode').locator('.tree.filling').waitFor();
      expect(await readStates(page)).toEqual(['done', 'running']);
      second.open();
      await waitForEnd(page);
      expect(await readStates(page)).toEqual(['done', 'done']);
    });

    it('tells at the end how long it took, how many tokens it cost, and reads the text aloud', async () => {
      const { page, first, second } = await start();
      first.open();
      second.open();
      await waitForEnd(page);
      const facts = await readText(page, '.facts');
      for (const fact of [
        /First text\s+\d/,
        /Total\s+\d/,
        /Tokens in\s+8/,
        /Tokens out\s+10/,
        /Speed\s+[\d.]+ tokens\/s/,
        /Finish\s+stop/,
        /req_/,
      ])
        expect(facts).toMatch(fact);
      expect(await readText(page, '#announcer')).toContain('Plain words.');
    });
  });

  it('shows silent steps with their progress, and the branch that was not taken', async () => {
    const { app, upstream } = await bench({ imports: [makeWorkflowsModule(CrossingWorkflow, ChooseNode, SpeakNode)] });
    upstream.next(scriptStream('To the right.'));
    const { page } = await visit(app.url);
    await ask(page, 'crossing', 'Where to?');
    await waitForEnd(page);
    expect(await lane(page, 'ChooseNode').innerText()).toMatch(/code · silent[^]*done[^]*Looking both ways/);
    expect(await lane(page, 'route.right.SpeakNode').innerText()).toMatch(
      /^SpeakNode\nroute: right\n[^]*To the right\.$/,
    );
    expect(await readNodeState(page, 'route')).toBe('done');
    expect(await readNodeState(page, 'route.right.SpeakNode')).toBe('done');
    expect(await readNodeState(page, 'route.left.SpeakNode')).toBe('skipped');
  });

  it('knows whose text it is when several steps work at the same time, and one has nothing to say', async () => {
    const { app, upstream } = await bench({ imports: [makeWorkflowsModule(SideBySideWorkflow, SpeakNode)] });
    const hold = steps.gate();
    const said = {
      left: scriptStream(['First', hold, ' of all']),
      middle: scriptStream('And I'),
      right: scriptStream(''),
    };
    upstream.always((request) => said[readPrompt(request) as keyof typeof said]);
    const { page } = await visit(app.url);
    await ask(page, 'side-by-side', 'Speak');
    for (const path of ['middle', 'right']) await page.waitForSelector(`.lane[data-path=${path}][data-state=done]`);
    hold.open();
    await waitForEnd(page);
    const shown = ['left', 'middle', 'right'].map((path) => lane(page, path).locator('> .said').innerText());
    expect(await Promise.all(shown)).toEqual(['First of all', 'And I', '']);
  });

  it('shows thinking apart from the reply', async () => {
    const { app, upstream } = await bench();
    const hold = steps.gate();
    upstream.next(scriptStream([steps.reasoning('First I *think*.'), hold, 'Then I speak.']));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    const thinking = lane(page, 'answer').locator('.thinking');
    await thinking.getByText('think', { exact: true }).waitFor();
    expect(await thinking.getAttribute('open')).not.toBeNull();
    hold.open();
    await waitForEnd(page);
    expect(await thinking.getAttribute('open')).toBeNull();
    expect(await lane(page, 'answer').locator('> .said').innerText()).toBe('Then I speak.');
    await thinking.locator('summary').click();
    expect(await thinking.locator('.said').innerText()).toBe('First I think.');
  });

  it('shows the result of a workflow in which no step is visible, and steps of nested workflows', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    await ask(page, 'customer-care', 'Please send me the invoice, number 4711.');
    await waitForEnd(page);
    const said = await page.locator('.lane > .said:not(:empty)').allInnerTexts();
    expect(said).toHaveLength(1);
    expect(await readText(page, '.facts')).toMatch(/Model\s+millrace-demo/);
    await ask(page, 'nested', 'How does a mill work?');
    await waitForEnd(page);
    expect(await lane(page, 'ResearchWorkflow/basics').innerText()).toMatch(
      /^basics\s+in ResearchWorkflow\s+agent · silent/,
    );
    expect(await readNodeState(page, 'ResearchWorkflow/basics')).toBe('done');
    expect(await readNodeState(page, 'simplify')).toBe('done');
  });

  it('stops: the request to the model is aborted, and the text so far stays', async () => {
    const { app, upstream } = await bench();
    const hold = steps.gate();
    upstream.next(scriptStream(['Half an ', hold, 'answer'])).next(scriptStream('A new one.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await lane(page, 'answer').getByText('Half an').waitFor();
    await page.click('#stop');
    await waitForEnd(page, 'stopped');
    expect(await (await upstream.request(0)).closed).toBe('aborted');
    expect(await readText(page, '.turns')).toMatch(/Half an[^]*stopped by you/);
    expect(await page.evaluate('document.activeElement.id')).toBe('draft');
    await page.getByRole('button', { name: 'Retry' }).click();
    await waitForEnd(page);
    expect(await page.locator('.turn').count()).toBe(1);
    expect((await upstream.request(1)).body.messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('says in words what went wrong, before the completion and in it', async () => {
    const { app, upstream } = await bench(PATIENT);
    const limited = errorBody('Slow down.', { type: 'rate_limit_error', code: 'rate_limit_exceeded' });
    upstream
      .next(httpError(429, limited, { 'retry-after': '7' }))
      .next([steps.role(), steps.text('Some '), steps.reset()]);
    const { page, errors } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page, 'failed');
    const box = page.locator('.turn:last-child .problem-box');
    expect(await box.innerText()).toMatch(/Too many requests[^]*Try again in 7 seconds[^]*rate_limit_exceeded/);
    expect(await box.getAttribute('role')).toBe('alert');
    await ask(page, 'chat', 'Again');
    await waitForEnd(page, 'failed');
    expect(await box.innerText()).toMatch(/broke[^]*upstream_connection_lost/);
    expect(await lane(page, 'answer').locator('> .said').innerText()).toBe('Some');
    expect(await readNodeState(page, 'answer')).toBe('failed');
    expect(errors).toEqual([]);
  });

  it('tells apart a missing key, a broken connection and a server that has gone', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    const responses: ((route: Parameters<Parameters<Page['route']>[1]>[0]) => Promise<void>)[] = [
      (route) => route.fulfill({ status: 401, json: errorBody('No key.', { code: 'invalid_api_key' }) }),
      (route) => route.abort('connectionrefused'),
      (route) =>
        route.fulfill({
          contentType: 'text/event-stream',
          body: ': hi\r\n\r\ndata: {"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}\r\n\r\n',
        }),
    ];
    await page.route('**/v1/chat/completions', (route) => responses.shift()?.(route));
    const box = page.locator('.turn:last-child .problem-box');
    await ask(page, 'chat', 'a');
    await waitForEnd(page, 'failed');
    expect(await box.innerText()).toContain('asks for an API key');
    await page.getByRole('button', { name: 'Enter a key' }).click();
    expect(await page.evaluate('document.activeElement.id')).toBe('key');
    await ask(page, 'chat', 'b');
    await eventually(async () => (await page.locator('.turn').count()) === 2);
    await waitForEnd(page, 'failed');
    expect(await box.innerText()).toContain('cannot be reached');
    await ask(page, 'chat', 'c');
    await eventually(async () => (await page.locator('.turn').count()) === 3);
    await waitForEnd(page, 'failed');
    expect(await box.innerText()).toContain('connection broke');
    expect(await page.locator('.turn:last-child .said').last().innerText()).toBe('Hi');
  });

  it('names the models that generated the reply, as their providers call them', async () => {
    const { app, upstream } = await bench();
    const nameModel = (model: string): Step =>
      steps.style({ envelope: { model, system_fingerprint: 'fp_44709d6fcb' } });
    upstream
      .next([nameModel('gpt-5-mini-2026-08-07'), ...scriptStream('One.')])
      .next([nameModel('gpt-5-2026-08-07'), ...scriptStream(JSON.stringify({ thinking: 'Hm.', reply: 'Two.' }))]);
    const { page } = await visit(app.url);
    await ask(page, 'streaming', 'Hello');
    await waitForEnd(page);
    const facts = await readText(page, '.turn:last-child .facts');
    expect(facts).toMatch(/Models\s+gpt-5-mini-2026-08-07, gpt-5-2026-08-07\s/);
    expect(facts).not.toContain('fp_');
  });

  it.each(LOOKS)('has no serious accessibility fault that axe finds: %s', async (name, options) => {
    const { app, upstream } = await bench();
    const hold = steps.gate();
    const reply =
      '# Reply\n\n> said\n\n```ts\nconst code = 1; // "x"\n```\n\n| a |\n|---|\n| [b](https://b.example/) |\n\n$x^2$\n\n$$y$$';
    upstream
      .next(scriptStream([steps.reasoning('Hm.'), reply]))
      .next(httpError(500, 'down'))
      .next(scriptStream(['{"thinking":"Hm","list":[1,true,{"a":null}],"reply":"H', hold]));
    const { page } = await visit(app.url, options);
    const check = () => expectAccessible(page);
    const openAll = 'for (const each of document.querySelectorAll("details")) each.open = true';
    await check();
    await page.locator('#workflow').selectOption('chat', { force: true });
    await page.fill('#draft', 'One');
    await page.press('#draft', 'Enter');
    await waitForEnd(page);
    for (const part of ['.hljs-comment', '.katex-display']) await page.locator(part).waitFor();
    await page.fill('#draft', 'Two');
    await page.press('#draft', 'Enter');
    await waitForEnd(page, 'failed');
    await page.fill('#draft', 'Three');
    await page.press('#draft', 'Enter');
    await page.locator('.tree.filling').waitFor();
    await page.evaluate(openAll);
    await page.click('#copy-as');
    await check();
    await page.keyboard.press('Escape');
    if (name === 'narrow') {
      await page.click('#open-settings');
      await eventually(() => page.locator('#workflow').isVisible());
      await check();
    }
    hold.open();
    await waitForEnd(page);
    await page.keyboard.press('Escape');
    await page.locator('.turn:first-child .look').first().click();
    await page.locator('#inside .inside-part').first().waitFor();
    await check();
    await page.keyboard.press('Escape');
    await page.goto(`${app.url}/#/runs`);
    await page.locator('.run-row').first().waitFor();
    await check();
  });
});
