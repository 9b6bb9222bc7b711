import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Bench } from '../support/app.js';
import { describeInBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { ask, waitForEnd, lane, openPage, openPlayground, readText } from '../support/playground-kit.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { errorBody, gate, httpError } from '../support/upstream/steps.js';

const titles = (page: Page): Promise<string[]> => page.locator('.history .entry').allInnerTexts();
const questions = (page: Page): Promise<string[]> => page.locator('.turn .question').allInnerTexts();
const waitForText = (page: Page, text: string): Promise<void> => page.locator('.said').getByText(text).waitFor();
const readKept = (page: Page): Promise<string> => page.evaluate('JSON.stringify(localStorage)');

describeInBrowser()('the playground keeps', () => {
  const { visit, bench } = openPlayground();

  describe('in two tabs', () => {
    it('the conversations of both, and forgets in both what one deletes', async () => {
      const { app, upstream } = await bench();
      upstream.always(scriptStream('Heard.'));
      const visitor = await visit(app.url);
      const [first, second] = [visitor.page, await visitor.openTab()];
      await openPage(second, app.url);
      await ask(first, 'chat', 'From the first tab');
      await waitForEnd(first);
      await ask(second, 'chat', 'From the second tab');
      await waitForEnd(second);
      for (const page of [first, second]) {
        await eventually(async () => (await titles(page)).join() === 'From the second tab,From the first tab');
      }
      await first.getByRole('button', { name: 'From the second tab', exact: true }).click();
      expect(await questions(first)).toEqual(['From the second tab']);

      await first.getByRole('button', { name: 'Delete From the second tab' }).click();
      await eventually(async () => (await titles(second)).join() === 'From the first tab');
      expect(await questions(second)).toEqual([]);
      await second.click('#clear-history');
      await second.click('#clear-history');
      await eventually(async () => (await titles(first)).length === 0);
      await first.reload();
      await first.waitForSelector('#graph-frame svg');
      expect(await titles(first)).toEqual([]);
    });

    it('both messages of one conversation, while a completion is still streamed', async () => {
      const { app, upstream } = await bench();
      const hold = gate();
      upstream
        .next(scriptStream('Of course.'))
        .next(scriptStream(['It begins ', hold, 'and ends.']))
        .next(scriptStream('Said beside it.'));
      const visitor = await visit(app.url);
      const [first, second] = [visitor.page, await visitor.openTab()];
      await openPage(second, app.url);
      await ask(first, 'chat', 'One');
      await waitForEnd(first);
      await eventually(async () => (await titles(second)).length === 1);
      await second.getByRole('button', { name: 'One', exact: true }).click();
      await ask(first, 'chat', 'Two');
      await waitForText(second, 'It begins');
      await ask(second, 'chat', 'Three');
      await waitForText(second, 'Said beside it.');
      hold.open();
      for (const page of [first, second]) {
        await eventually(async () => (await questions(page)).join() === 'One,Two,Three');
        await waitForText(page, 'It begins and ends.');
        await waitForText(page, 'Said beside it.');
      }
      await first.reload();
      await waitForText(first, 'It begins and ends.');
      expect(await questions(first)).toEqual(['One', 'Two', 'Three']);
    });

    it('a conversation that is deleted while the other tab receives its reply', async () => {
      const { app, upstream } = await bench();
      const hold = gate();
      upstream.next(scriptStream(['Not ', hold, 'wanted.']));
      const visitor = await visit(app.url);
      const [first, second] = [visitor.page, await visitor.openTab()];
      await openPage(second, app.url);
      await ask(first, 'chat', 'Never mind');
      await lane(first, 'answer').getByText('Not').waitFor();
      await second.getByRole('button', { name: 'Delete Never mind' }).click();
      await eventually(async () => (await questions(first)).length === 0);
      expect(await (await upstream.request(0)).closed).toBe('aborted');
      expect(await titles(first)).toEqual([]);
      expect(await readKept(second)).not.toContain('Never mind');
    });
  });

  it('a completion that is being streamed: after a reload it continues where it was, and is the same run', async () => {
    const { app, upstream } = await bench();
    const hold = gate();
    upstream.next(scriptStream(['Half a ', 'reply', hold, ' and the rest.']));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await lane(page, 'answer').getByText('Half a reply').waitFor();
    await page.reload();
    await lane(page, 'answer').getByText('Half a reply').waitFor();
    expect(await page.locator('.turn:last-child .reply').getAttribute('data-state')).toBe('streaming');
    hold.open();
    await waitForEnd(page);
    expect(await lane(page, 'answer').locator('> .said').innerText()).toBe('Half a reply and the rest.');
    expect(upstream.requests).toHaveLength(1);
  });

  describe('after a reload in mid-stream, on a server that keeps no runs', () => {
    const reloadInMidStream = async (): Promise<{ page: Page; upstream: Bench['upstream'] }> => {
      const { app, upstream } = await bench({ env: { RUNS: 'off' } });
      const hold = gate();
      upstream.next(scriptStream(['Half a ', 'reply', hold, ' and more']));
      const { page } = await visit(app.url);
      await ask(page, 'chat', 'Hello');
      await lane(page, 'answer').getByText('Half a reply').waitFor();
      await page.reload();
      await waitForEnd(page, 'stopped');
      await page.waitForSelector('#graph-frame svg');
      return { page, upstream };
    };

    it('the text that had come, and says what happened', async () => {
      const { page, upstream } = await reloadInMidStream();
      expect(await lane(page, 'answer').locator('> .said').innerText()).toBe('Half a reply');
      expect(await readText(page, '.turn .problem-box')).toMatch(/interrupted by a reload/i);
      expect(await readText(page, '.facts')).not.toContain('stopped by you');
      expect(await (await upstream.request(0)).closed).toBe('aborted');
    });

    it('the question, which it asks again', async () => {
      const { page, upstream } = await reloadInMidStream();
      upstream.next(scriptStream('A whole reply.'));
      await page.getByRole('button', { name: 'Retry' }).click();
      await waitForEnd(page);
      expect(await questions(page)).toEqual(['Hello']);
      expect(await readText(page, '.turns')).toMatch(/A whole reply/);
      expect(await readText(page, '.turns')).not.toMatch(/interrupted/i);
    });
  });

  it('a completion while it is streamed, even if the browser is killed', async () => {
    const { app, upstream } = await bench({ env: { RUNS: 'off' } });
    const hold = gate();
    upstream.next(scriptStream(['Already here', hold]));
    const visitor = await visit(app.url);
    await ask(visitor.page, 'chat', 'Hello');
    await eventually(async () => (await readKept(visitor.page)).includes('Already here'));
    // The stored state after a browser was killed: the page could not report its end.
    const other = await visitor.openTab();
    await openPage(other, app.url);
    await other.getByRole('button', { name: 'Hello', exact: true }).click();
    await waitForEnd(other, 'stopped');
    expect(await readText(other, '.turns')).toMatch(/Already here[^]*interrupted by a reload/i);
    // In fact it continues, and the other tab learns this.
    hold.open();
    await waitForEnd(visitor.page);
    await waitForEnd(other);
    expect(await readText(other, '.turns')).not.toMatch(/interrupted/i);
  });

  it('a conversation in the tab when the browser has no room, and says so', async () => {
    const { app, upstream } = await bench();
    upstream.always(scriptStream('Said all the same.'));
    const { page } = await visit(app.url);
    await page.evaluate(`(() => {
      for (let piece = 'x'.repeat(1 << 20), i = 0; piece !== ''; ) {
        try { localStorage.setItem('of another page ' + i++, piece); } catch { piece = piece.slice(piece.length / 2 + 1); }
      }
    })()`);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    expect(await readText(page, '#toast')).toMatch(/no room[^]*tab/);
    expect(await titles(page)).toEqual(['Hello']);
    await page.click('#theme');
    await ask(page, 'reasoning', 'Go on');
    await eventually(async () => (await questions(page)).length === 2);
    expect(await page.locator('#workflow-problem').isVisible()).toBe(false);
    await page.click('#new-conversation');
    await page.getByRole('button', { name: 'Hello', exact: true }).click();
    expect(await readText(page, '.turns')).toContain('Said all the same.');
  });

  it('conversations of an earlier version', async () => {
    const { app } = await bench();
    const { page } = await visit(app.url);
    const answer = { model: 'chat', state: 'done', lanes: [], content: 'Long ago.', routes: {} };
    const conversations = [
      { id: 'b', changedAt: 2, turns: [{ question: 'Newer', answer }] },
      { id: 'a', changedAt: 1, turns: [{ question: 'Older', answer }] },
    ];
    await page.evaluate(
      `localStorage.setItem('millrace-conversations', ${JSON.stringify(JSON.stringify(conversations))})`,
    );
    await page.reload();
    await eventually(async () => (await titles(page)).join() === 'Newer,Older');
    await page.getByRole('button', { name: 'Delete Newer' }).click();
    await page.reload();
    await eventually(async () => (await titles(page)).join() === 'Older');
    await page.getByRole('button', { name: 'Older', exact: true }).click();
    await page.getByRole('button', { name: 'Copy reply' }).waitFor();
  });

  describe('the steps that ran when the completion fails before its first token', () => {
    const openFailing = async (): Promise<Bench> => {
      const started = await bench();
      started.upstream.always((request) =>
        request.index === 0
          ? scriptStream(JSON.stringify({ basics: 'a', benefits: 'b', risks: 'c' }))
          : httpError(400, errorBody('No.')),
      );
      return started;
    };

    it('with the error beside them, once', async () => {
      const { app } = await openFailing();
      const { page } = await visit(app.url);
      await ask(page, 'research', 'Hello');
      await waitForEnd(page, 'failed');
      expect(await lane(page, 'plan').getAttribute('data-state')).toBe('done');
      expect(await page.locator('.lane[data-state=failed]').count()).toBeGreaterThan(0);
      const message = await page.locator('.problem-box p').first().innerText();
      expect((await readText(page, 'main')).split(message)).toHaveLength(2);
    });

    it('also inside a nested workflow', async () => {
      const { app } = await openFailing();
      const { page } = await visit(app.url);
      await ask(page, 'nested', 'Hello');
      await waitForEnd(page, 'failed');
      expect(await lane(page, 'ResearchWorkflow/plan').getAttribute('data-state')).toBe('done');
      expect(await lane(page, 'ResearchWorkflow').getAttribute('data-state')).toBe('failed');
      const message = await page.locator('.problem-box p').first().innerText();
      expect((await readText(page, 'main')).split(message)).toHaveLength(2);
    });
  });
});
