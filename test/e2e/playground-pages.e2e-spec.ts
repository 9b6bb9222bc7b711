import { expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import {
  ask,
  DARK,
  waitForEnd,
  expectAccessible,
  lane,
  readNodeState,
  openPlayground,
  PHONE,
} from '../support/playground-kit.js';
import { beginRun } from '../support/runs-client.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { errorBody, gate, httpError } from '../support/upstream/steps.js';

describeInBrowser()('the playground', () => {
  const { visit, bench, demo } = openPlayground();

  describe('on a phone', () => {
    const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

    it('opens the settings as a sheet, which Escape closes', async () => {
      const { app } = await bench();
      const { page } = await visit(app.url, PHONE);
      await page.click('#open-settings');
      await page.locator('#workflow').selectOption('chat');
      expect(await page.locator('#open-settings').getAttribute('aria-expanded')).toBe('true');
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      await page.keyboard.press('Escape');
      await eventually(async () => !(await page.locator('#settings').isVisible()));
      expect(await page.evaluate('document.activeElement.id')).toBe('open-settings');
    });

    it('opens the list of "Copy as" within the screen', async () => {
      const { app } = await bench();
      const { page } = await visit(app.url, PHONE);
      await page.click('#copy-as');
      const { x, y, width, height } = (await page.locator('#copy-as-list').boundingBox())!;
      expect([x >= 0, y >= 0]).toEqual([true, true]);
      expect(x + width).toBeLessThanOrEqual(360);
      expect(y + height).toBeLessThanOrEqual(740);
      expect(await page.evaluate(OVERFLOW)).toBe(0);
    });

    it('cuts nothing off a wide completion, and opens the graph as a sheet', async () => {
      const { app, upstream } = await bench();
      const formula = `${'x + '.repeat(80)}y`;
      upstream.next(
        scriptStream(
          `${'x'.repeat(300)}\n\n\`\`\`ts\nlet ${'y'.repeat(300)}\n\`\`\`\n\n$$${formula}$$\n\nSo $${formula}$`,
        ),
      );
      const { page } = await visit(app.url, PHONE);
      await ask(page, 'chat', 'Hello');
      await waitForEnd(page);
      await eventually(async () => (await page.locator('.katex').count()) === 2);
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      const wide = await page.locator('#scroller').evaluate((each) => each.scrollWidth - each.clientWidth);
      expect(wide).toBe(0);
      await page.click('#open-graph');
      await eventually(() => page.locator('#graph-frame svg').isVisible());
      expect(await readNodeState(page, 'answer')).toBe('done');
      expect(await page.evaluate(OVERFLOW)).toBe(0);
    });
  });

  it("follows the system's dark mode, unless the person chooses otherwise", async () => {
    const { url } = await demo();
    const { page } = await visit(url, DARK);
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await ground();
    await page.click('#theme');
    const light = await ground();
    expect(light).not.toBe(dark);
    expect(await page.locator('#theme').getAttribute('aria-label')).toBe('Colours: light');
    await page.reload();
    expect(await ground()).toBe(light);
  });

  it('is a page with a strict policy, and with no script or style inside', async () => {
    const { url } = await demo();
    const page = await fetch(url);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self'; style-src 'self';/),
      'x-content-type-options': 'nosniff',
    });
    expect(await page.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?:\/\//);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it('has files that browsers load again only when they have changed', async () => {
    const { url } = await demo();
    const html = await (await fetch(url)).text();
    const paths = [
      ...['highlight.js', 'katex.js', 'katex.css', 'preact-htm.js', 'licences.txt'].map((name) => `vendor/${name}`),
      'vendor/fonts/KaTeX_Main-Regular.woff2',
      ...[...html.matchAll(/\.\/playground\/([\w./-]+)/g)].map(([, path]) => path ?? ''),
    ];
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) {
      const asset = await getJson(`${url}/playground/${path}`);
      expect([path, asset.status, asset.headers['x-content-type-options']]).toEqual([path, 200, 'nosniff']);
      expect(asset.headers['content-type']).toMatch(
        /^((text\/(css|javascript|plain)|image\/svg\+xml); charset=utf-8|font\/woff2)$/,
      );
      const { etag = '' } = asset.headers;
      const again = await getJson(`${url}/playground/${path}`, { 'if-none-match': etag });
      expect([path, again.status, again.text]).toEqual([path, 304, '']);
    }
  });

  it.each(['js/types.d.ts', 'tsconfig.json', '../playground-assets.js', '..%2findex.js', 'js', ''])(
    'serves no other file: %j',
    async (path) => {
      const { url } = await demo();
      expect((await fetch(`${url}/playground/${path}`)).status).toBe(404);
    },
  );

  it('links to the docs only if they exist', async () => {
    for (const docs of ['on', 'off']) {
      const { url } = await demo({ DOCS: docs });
      expect([docs, (await (await fetch(url)).text()).includes('./docs')]).toEqual([docs, docs === 'on']);
    }
  });

  it('is absent when it is switched off, and so are the docs', async () => {
    const { url } = await demo({ PLAYGROUND: 'off', DOCS: 'off' });
    for (const path of ['/', '/playground/js/main.js', '/docs', '/docs-json']) {
      const response = await fetch(url + path);
      expect([path, response.status, await response.json()]).toMatchObject([
        path,
        404,
        { error: { code: 'unknown_url' } },
      ]);
    }
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
  });

  describe('as a console', () => {
    const inside = (page: Page): Locator => page.locator('#inside[open]');

    it('looks inside a step: what it was given, what its model was sent, what it gave, and when', async () => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream('A wheel.', { usage: tokens(3, 4) }));
      const { page } = await visit(app.url);
      await ask(page, 'chat', 'What is a mill?');
      await waitForEnd(page);
      // The view opens from the lane, and from the graph.
      await lane(page, 'answer').getByRole('button', { name: 'Look inside answer' }).click();
      await inside(page).getByText('Model openai/').waitFor();
      const text = await inside(page).innerText();
      for (const part of [/Input/, /first token/i, /Tokens in\s+3/i, /Completion/, /A wheel\./])
        expect(text).toMatch(part);
      await inside(page).getByText('1 message', { exact: true }).click();
      await inside(page).getByText('What is a mill?').last().waitFor();
      await expectAccessible(page);
      await page.keyboard.press('Escape');
      await page.waitForSelector('#inside:not([open])', { state: 'attached' });
      await page.locator('#graph-frame [data-node="answer"]').click();
      await inside(page).getByText('A wheel.').first().waitFor();
      await page.keyboard.press('Escape');
      await page.locator('#waterfall [data-kind=model]').waitFor();
      expect(await page.locator('#waterfall .waterfall-name').allTextContents()).toEqual([
        expect.stringMatching(/^answer, completed, from \d/),
        expect.stringMatching(/, model, completed, from .*first token after/),
      ]);
    });

    it('says why it cannot look, and shows the times all the same', async () => {
      const { app, upstream } = await bench({ env: { RUNS_INSPECT: 'off' } });
      upstream.next(scriptStream('A wheel.'));
      const { page } = await visit(app.url);
      await ask(page, 'chat', 'What is a mill?');
      await waitForEnd(page);
      await page.locator('#waterfall .waterfall-row').first().click();
      await inside(page).getByText('RUNS_INSPECT').waitFor();
    });

    it('keeps what ran before a failure', async () => {
      const { app, upstream } = await bench();
      upstream.always((request) =>
        request.index === 0
          ? scriptStream(JSON.stringify({ basics: 'a', benefits: 'b', risks: 'c' }))
          : httpError(400, errorBody('No.')),
      );
      const { page } = await visit(app.url);
      await ask(page, 'research', 'Hello');
      await waitForEnd(page, 'failed');
      await page.locator('#waterfall [data-state=failed]').first().waitFor();
      await lane(page, 'plan').getByRole('button', { name: 'Look inside' }).click();
      await inside(page).getByText('Output', { exact: true }).waitFor();
      expect(await inside(page).innerText()).toMatch(/basics/);
    });

    it('lists runs, opens one while it continues by its link, cancels it and runs it again', async () => {
      const { app, upstream } = await bench();
      const hold = gate();
      upstream.next(scriptStream(['Half', hold])).next(scriptStream('Once more.'));
      const { id } = await beginRun(app, { input: 'By itself' });
      const { page } = await visit(app.url);
      await page.locator('#to-runs').click();
      await page.locator(`.run-row[href="#/runs/${id}"][data-status=running]`).waitFor();
      await expectAccessible(page);
      await page.locator('#runs-status').selectOption('failed');
      await eventually(async () => (await page.locator('.run-row').count()) === 0);
      await page.goto(`${app.url}/#/runs/${id}`);
      const view = page.locator('#runs-view');
      await view.locator('.lane').getByText('Half').waitFor();
      expect(await readNodeState(page, 'answer')).toBe('running');
      await view.getByRole('button', { name: 'Cancel' }).click();
      await view.locator('.run-status[data-status=cancelled]').waitFor();
      await view.getByRole('button', { name: 'Run again' }).click();
      await view.locator('.lane').getByText('Once more.').waitFor();
      await view.locator('.run-status[data-status=completed]').waitFor();
      await view.getByRole('button', { name: 'Copy link' }).click();
      await page.getByRole('link', { name: 'Chat', exact: true }).click();
      await page.locator('#draft').waitFor();
    });

    it('answers what a run waits for in a form made from its schema: in the inbox, and in the conversation', async () => {
      const { app, upstream } = await bench();
      upstream.always(scriptStream('A draft.'));
      const { page } = await visit(app.url);
      await ask(page, 'approval', 'Write a line');
      await waitForEnd(page, 'asking');
      await eventually(async () => (await page.locator('#to-runs').innerText()) === 'Runs (1 waits)');
      await page.locator('#to-runs').click();
      await page.getByRole('button', { name: 'Inbox' }).click();
      await page.locator('.run-row[data-status=waiting]').click();
      const form = page.locator('#runs-view form.wait');
      expect(await form.innerText()).toMatch(/approve[^]*A draft\./);
      await expectAccessible(page);
      await form.getByLabel('approved').check();
      await form.getByLabel(/comment/).fill('Good');
      await form.getByRole('button', { name: 'Answer' }).click();
      await page.locator('#runs-view .run-status[data-status=completed]').waitFor();
      await page.getByRole('link', { name: 'Chat', exact: true }).click();
      await page.click('#new-conversation');
      await ask(page, 'approval', 'Write another');
      await waitForEnd(page, 'asking');
      await page.locator('#turns form.wait').getByRole('button', { name: 'Answer' }).click();
      await waitForEnd(page);
    });

    it('changes an earlier message, in a conversation of its own', async () => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream('One.')).next(scriptStream('Two.')).next(scriptStream('Three.'));
      const { page } = await visit(app.url);
      for (const question of ['First', 'Second']) {
        await ask(page, 'chat', question);
        await waitForEnd(page);
      }
      await page.locator('.turn:last-child').getByRole('button', { name: /^Edit/ }).click();
      expect(await page.inputValue('#draft')).toBe('Second');
      await page.fill('#draft', 'Otherwise');
      await page.press('#draft', 'Enter');
      await page.locator('.turn:last-child').getByText('Three.').waitFor();
      expect(await page.locator('.turn .question p').allInnerTexts()).toEqual(['First', 'Otherwise']);
      expect((await upstream.request(2)).body.messages).toHaveLength(3);
      expect(await page.locator('.history .entry').count()).toBe(2);
    });

    it('sends one message in two ways at once: to another workflow, and to an agent that is changed for one run', async () => {
      const { app, upstream } = await bench();
      upstream.always(scriptStream('Said.'));
      const { page } = await visit(app.url);
      await page.locator('#workflow').selectOption('chat');
      await page.fill('#draft', 'Hello');
      await page.click('#to-compare');
      await eventually(async () => (await page.inputValue('#compare-question')) === 'Hello');
      const right = page.locator('fieldset', { hasText: 'right' });
      await right.getByLabel('Parameters').fill('{"temperature": 0}');
      await right.getByText('Change an agent').click();
      await right.getByLabel('Step').selectOption('answer');
      await right.getByLabel('Instructions').fill('Rhyme.');
      await page.getByRole('button', { name: 'Run both' }).click();
      await eventually(async () => (await page.locator('.compare-reply .reply[data-state=done]').count()) === 2);
      const asked = upstream.requests.map(({ body }) => [
        JSON.stringify(body.messages).includes('Rhyme.'),
        body['temperature'] ?? null,
      ]);
      expect(asked).toHaveLength(2);
      expect(asked).toEqual(
        expect.arrayContaining([
          [false, null],
          [true, 0],
        ]),
      );
      await expectAccessible(page);
    });

    it('sends one message to two workflows at once, each with its own steps', async () => {
      const { app, upstream } = await bench();
      upstream.always(scriptStream('{"thinking":"Hm","reply":"Said."}'));
      const { page } = await visit(app.url);
      await page.locator('#workflow').selectOption('chat');
      await page.fill('#draft', 'Hello');
      await page.click('#to-compare');
      await page.locator('fieldset', { hasText: 'right' }).getByLabel('Workflow').selectOption('streaming');
      await page.getByRole('button', { name: 'Run both' }).click();
      const replies = page.locator('.compare-reply .reply[data-state=done]');
      await eventually(async () => (await replies.count()) === 2);
      const readLanes = (at: number) =>
        replies
          .nth(at)
          .locator('.lane')
          .evaluateAll((lanes) => lanes.map((each) => each.getAttribute('data-path')));
      expect([await readLanes(0), await readLanes(1)]).toEqual([
        ['answer'],
        ['TextStreamingNode', 'StructuredStreamingNode'],
      ]);
      await expectAccessible(page);
    });
  });
});
