import { expect, it } from '@jest/globals';
import { describeInBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import { ask, DARK, ended, readNodeState, openPlayground, PHONE } from '../support/playground-kit.js';
import { scriptStream } from '../support/upstream/scripts.js';

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

    it('cuts nothing off a wide answer, and opens the graph as a sheet', async () => {
      const { app, upstream } = await bench();
      const formula = `${'x + '.repeat(80)}y`;
      upstream.next(
        scriptStream(
          `${'x'.repeat(300)}\n\n\`\`\`ts\nlet ${'y'.repeat(300)}\n\`\`\`\n\n$$${formula}$$\n\nSo $${formula}$`,
        ),
      );
      const { page } = await visit(app.url, PHONE);
      await ask(page, 'chat', 'Hello');
      await ended(page);
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

  it('links to the docs only if they are there', async () => {
    for (const docs of ['on', 'off']) {
      const { url } = await demo({ DOCS: docs });
      expect([docs, (await (await fetch(url)).text()).includes('./docs')]).toEqual([docs, docs === 'on']);
    }
  });

  it('is not there when it is switched off, and neither are the docs', async () => {
    const { url } = await demo({ PLAYGROUND: 'off', DOCS: 'off' });
    for (const path of ['/', '/playground/js/main.js', '/docs', '/docs-json']) {
      const answer = await fetch(url + path);
      expect([path, answer.status, await answer.json()]).toMatchObject([path, 404, { error: { code: 'unknown_url' } }]);
    }
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
  });
});
