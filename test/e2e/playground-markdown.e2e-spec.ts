import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { ask, DARK, waitForEnd, lane, LIGHT, openPlayground, PHONE } from '../support/playground-kit.js';
import { scriptStream } from '../support/upstream/scripts.js';

/** Finds text in code blocks with a contrast below 4.5 to 1. */
function findUnreadable(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const canvas = document.createElement('canvas').getContext('2d');
    const luminance = (colour) => {
      canvas.fillStyle = colour;
      const parts = [1, 3, 5].map((at) => parseInt(canvas.fillStyle.slice(at, at + 2), 16) / 255);
      const [r, g, b] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    return [...document.querySelectorAll('.code-block :is(code, code *, .code-head span)')].flatMap((each) => {
      const pair = [getComputedStyle(each).color, getComputedStyle(each.closest('.code-block')).backgroundColor];
      const [dark, light] = pair.map(luminance).sort((a, b) => a - b);
      return (light + 0.05) / (dark + 0.05) < 4.5 ? [each.className + ' ' + pair] : [];
    });
  })()`);
}

describeInBrowser()('the playground', () => {
  const { visit, bench, demo } = openPlayground();

  it('shows Markdown', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('# Title\n\n| a | b |\n|---|---|\n| **1** | `2` |\n\n- [x] done\n'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    const said = lane(page, 'answer').locator('> .said');
    expect(await said.locator('h1').innerText()).toBe('Title');
    expect(await said.locator('td strong').innerText()).toBe('1');
  });

  it('lets nothing in a completion run or load anything', async () => {
    const { app, upstream } = await bench();
    const evil = [
      '<script>document.title = "hacked"</script><img src=x onerror="document.title=\'hacked\'">',
      '<svg onload="document.title=\'hacked\'"></svg><iframe src="https://evil.example/frame"></iframe>',
      '![cat](https://evil.example/cat.png) <img srcset="https://evil.example/a.png 1x"> ![own](/v1/models)',
      '<p style="background:url(https://evil.example/b.png)" class="primary">styled</p><style>body{display:none}</style>',
      '<form action="https://evil.example"><button autofocus>Key?</button><input name="key"></form>',
      '[click](javascript:document.title="hacked") [data](data:text/html,x) [mail](mailto:a@b.c) [web](https://w.example/)',
      '<a href="//evil.example" target="_self">relative</a>',
      '$\\href{javascript:alert(1)}{x}$ $\\htmlData{slot=1}{x}$ $\\htmlStyle{background:url(//evil.example)}{x}$ $\\includegraphics{https://evil.example/m.png}$',
      '$\\def\\a{\\b\\b}\\def\\b{\\a\\a}\\a$ $\\rule{9999em}{9999em}$ $\\text{<img src=x onerror=alert(1)>}$ $\\url{https://evil.example/u}$',
      '```"><img src=x onerror=alert(1)>\n<script>document.title = "hacked"</script>\n```',
      '```html\n<script>document.title = "hacked"</script><img src=x onerror="document.title=1">\n```',
      '<div data-slot="x:0" data-css="position:fixed" class="hljs-keyword">slot</div>',
    ].join('\n\n');
    upstream.next(scriptStream(evil));
    const { page, requests, errors } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    const said = lane(page, 'answer').locator('> .said');

    await said.locator('.hljs-tag').first().waitFor();
    await said.locator('.katex').first().waitFor();
    expect(await said.locator('code').allInnerTexts()).toEqual([
      '<script>document.title = "hacked"</script>',
      '<script>document.title = "hacked"</script><img src=x onerror="document.title=1">',
    ]);
    const sizes = await said
      .locator('[style]')
      .evaluateAll((all) => all.map((each) => each.getAttribute('style') ?? ''));
    const lengths = sizes.flatMap((style) => [...style.matchAll(/([\d.]+)em/g)].map(([, size]) => Number(size)));
    expect([sizes.filter((style) => /url|position|fixed/.test(style)), lengths.filter((size) => size > 25)]).toEqual([
      [],
      [],
    ]);
    // Removes KaTeX's own elements and the buttons that copy code.
    const html = await said.evaluate((each) => {
      const copy = each.cloneNode(true) as unknown as {
        querySelectorAll(all: string): Iterable<{ remove(): void }>;
        innerHTML: string;
      };
      for (const own of copy.querySelectorAll('.katex, .copy-code, code')) own.remove();
      return copy.innerHTML;
    });
    const active =
      /<(script|iframe|form|button|input|style|svg|img)|onerror|onload|javascript:|data:text|srcset|style=/i;
    expect([active.exec(html), await page.title()]).toEqual([null, 'Millrace playground']);
    const links = await said
      .locator('a')
      .evaluateAll((all) =>
        all.map((link) => ['href', 'target', 'rel'].map((name) => link.getAttribute(name)).join(' ')),
      );
    expect(links.filter((link) => link.trim() !== '')).toEqual([
      'https://evil.example/cat.png _blank noopener noreferrer',
      'mailto:a@b.c _blank noopener noreferrer',
      'https://w.example/ _blank noopener noreferrer',
    ]);
    expect(requests.filter((url) => url.includes('evil'))).toEqual([]);
    // The sanitiser parses the text in a document of its own, where the page's policy also reports violations.
    expect(errors.filter((error) => !/^(Executing|Applying) inline .* violates/.test(error))).toEqual([]);
    errors.length = 0;
  });

  it("keeps a table's alignment, its words whole on a phone, and a list's first number", async () => {
    const { app, upstream } = await bench();
    const words = ['Responsibilities', 'Confidentiality', 'Internationalisation', 'Unabhängigkeitserklärung'];
    const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
    upstream.next(
      scriptStream(
        row(words) + row([':--', ':-:', '--:', '---']) + row(words.map((word) => `${word} \`x\``)) + '\n3. Third\n',
      ),
    );
    const { page } = await visit(app.url, PHONE);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    const cells: { alignment: string; lines: number }[] = await page.evaluate(`
      [...document.querySelectorAll('.said :is(th, td)')].map((cell) => {
        const range = document.createRange();
        range.setStart(cell.firstChild, 0);
        range.setEnd(cell.firstChild, cell.firstChild.data.trimEnd().length);
        return { alignment: getComputedStyle(cell).textAlign, lines: range.getClientRects().length };
      })`);
    const alignments = ['left', 'center', 'right', 'left'];
    expect(cells).toEqual([...alignments, ...alignments].map((alignment) => ({ alignment, lines: 1 })));
    expect(await page.locator('.said ol').getAttribute('start')).toBe('3');
    const hidden = (selector: string): Promise<number> =>
      page.locator(selector).evaluate((each) => each.scrollWidth - each.clientWidth);
    expect(await hidden('.said table')).toBeGreaterThan(0);
    expect([await hidden('#scroller'), await hidden('html')]).toEqual([0, 0]);
  });

  describe('shows code', () => {
    const CODE =
      '```ts\nconst greeting = "42"; // yes\n```\n\n~~~python\ndef f(x):\n    return x\n~~~\n\n```nonsense\nplain <b>text</b>\n```';

    it.each([
      ['light', LIGHT],
      ['dark', DARK],
    ])('in the colours of its language, which can all be read: %s', async (_name, options) => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream(CODE));
      const { page, requests } = await visit(app.url, options);
      expect(requests.filter((url) => /katex|highlight/.test(url))).toEqual([]);
      await ask(page, 'chat', 'Hello');
      await waitForEnd(page);
      const blocks = lane(page, 'answer').locator('.code-block');
      await blocks.nth(1).locator('.hljs-title').waitFor();
      expect(await blocks.locator('code').allInnerTexts()).toEqual([
        'const greeting = "42"; // yes',
        'def f(x):\n    return x',
        'plain <b>text</b>',
      ]);
      expect(await blocks.first().locator('.hljs-string').innerText()).toBe('"42"');
      expect(await blocks.nth(2).locator('[class^=hljs]').count()).toBe(0);
      expect(requests.filter((url) => url.includes('katex'))).toEqual([]);
      expect(await findUnreadable(page)).toEqual([]);
    });

    it('with a button that copies it, for the mouse, the keyboard and screen readers', async () => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream(CODE));
      const { page, clipboard } = await visit(app.url);
      await ask(page, 'chat', 'Hello');
      await waitForEnd(page);
      await page.getByRole('button', { name: 'Copy code' }).first().click();
      await eventually(async () => (await page.locator('#announcer').innerText()) === 'Copied');
      expect(await clipboard()).toBe('const greeting = "42"; // yes');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await eventually(async () => (await clipboard()) === 'def f(x):\n    return x');
    });
  });

  it('shows maths in all four forms, and no prices, variables or code as maths', async () => {
    const { app, upstream } = await bench();
    upstream.next(
      scriptStream(
        'Inline $a_1 < b_1$ and \\(x^2\\), then\n\n$$\n\\sqrt{2}\n$$\n\nand\n\\[\n\\frac{1}{2}\n\\]\n\n' +
          'It costs $5 and $10, or US$5-$10, 10$ in all. `$x$` $HOME/$USER\n\n```\n$y$\n```\n\n| $z$ | $1 |\n|---|---|\n| $2 | $3 |\n\n' +
          'Wrong: $\\undefined{x}$ and $\\xrightarrow{abc}$',
      ),
    );
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    const said = lane(page, 'answer').locator('> .said');
    await eventually(async () => (await said.locator('.katex').count()) === 6);
    const read = (selector: string): Promise<string[]> => said.locator(selector).allTextContents();
    expect(await read('annotation')).toEqual([
      'a_1 < b_1',
      'x^2',
      '\\sqrt{2}',
      '\\frac{1}{2}',
      'z',
      '\\xrightarrow{abc}',
    ]);
    expect(await said.locator('.katex-display').count()).toBe(2);
    const text = await said.innerText();
    expect(text).toContain('It costs $5 and $10, or US$5-$10, 10$ in all. $x$ $HOME/$USER');
    expect(text).toContain('Wrong: $\\undefined{x}$');
    // KaTeX's sizes take effect although the policy of the page forbids inline styles.
    const strut = await said
      .locator('.katex-strut')
      .first()
      .evaluate((each) => (each as unknown as { style: { height: string } }).style.height);
    expect(strut).toMatch(/em$/);
    // Fonts load only after the layout that needs them.
    const readFonts = '[...document.fonts].filter((font) => font.status === "loaded").map((font) => font.family)';
    await eventually(async () => (await page.evaluate<string[]>(readFonts)).includes('KaTeX_Main'));
  });

  it('never shows the marks of half-written Markdown, and in the end shows the same as if all had come at once', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    const texts = [
      'Some **bold** and *other* words, `code` and a [link](https://a.example/x).\n\n- one **two**\n  - `three`\n\nText\n' +
        '| a | b |\n|:--|--:|\n| 1 | `x` |\n| 2 | **y** |\n\nafter\n\n```ts\nconst a = 1;\n// `x`\n```\n\nThe **end of _all_**',
      'So $a_1$ and \\(x^2\\).\n\n$$\n\\frac{a}{b}\n$$\n\n- item\n  \\[\n  z\n  \\]\n\nFor $5 and $10.\n',
      '> said **b**\n> more\n\nHeading\n===\n\n<details>\n<summary>More</summary>\n\ninside\n\n</details>\n\nSee [here][r], and <b>x</b>.\n\n' +
        'One\n\nTwo\n\nThree\n\n[r]: https://r.example/\n\n1. a\n\n2. b\n\n~~~\n    x\n~~~\n',
    ];
    const seen: { isSame: boolean; marks: string[]; back: string[] }[] = await page.evaluate(
      `Promise.all([import('/playground/js/markdown.js'), import('/playground/vendor/highlight.js')]).then(async ([{ MarkdownView }]) => {
        const settle = () => new Promise((resolve) => setTimeout(resolve, 200));
        const warm = new MarkdownView();
        warm.show('$x$\\n\\n\`\`\`ts\\nlet a;\\n\`\`\`', false);
        for (let tries = 0; tries < 50 && !warm.element.querySelector('.katex, .hljs-keyword'); tries++) await settle();
        await settle();
        return Promise.all(${JSON.stringify(texts)}.map(async (text) => {
          const [once, grown] = [new MarkdownView(), new MarkdownView()];
          document.body.append(once.element, grown.element);
          once.show(text, false);
          const marks = [];
          const back = [];
          const counts = {};
          for (let length = 1; length <= text.length; length++) {
            grown.show(text.slice(0, length), true);
            const bare = grown.element.cloneNode(true);
            for (const maths of bare.querySelectorAll('.maths')) maths.remove();
            if (/\`\`|\\*\\*|\\|:?-|~~|\\]\\(|\\$\\$|<b>/.test(bare.innerText)) marks.push(text.slice(0, length));
            for (const tag of ['table', 'pre', 'li', 'strong', '.maths']) {
              const count = grown.element.querySelectorAll(tag).length;
              if (count < (counts[tag] ?? 0)) back.push(tag + ' after ' + text.slice(0, length));
              counts[tag] = count;
            }
          }
          grown.show(text, false);
          await settle();
          return { isSame: grown.element.innerHTML === once.element.innerHTML, marks, back };
        }));
      })`,
    );
    expect(seen).toEqual(texts.map(() => ({ isSame: true, marks: [], back: [] })));
  });

  it.each([
    [
      'sections',
      (at: number) =>
        `## Part ${at}\n\nSome **words** and $x_{${at}}$.\n\n- one\n- two\n\n| a | b |\n|---|--:|\n| ${at} | 2 |\n\n\`\`\`ts\nconst a = ${at};\n\`\`\`\n\n`,
    ],
    ['one list', (at: number) => `${at + 1}. Some **words** in an item\n`],
    ['one table', (at: number) => `${at === 0 ? '| a | b |\n|---|--:|\n' : ''}| row ${at} | **words** |\n`],
    ['one paragraph', (at: number) => `Some **words** that go on, ${at} `],
    ['code', (at: number) => `${at === 0 ? '```ts\n' : ''}const value${at}: string = "some text"; // ${at}\n`],
  ])('draws the finished part of a long completion only once: %s', async (name, make) => {
    const size = name === 'sections' ? 50_000 : 200_000;
    let text = '';
    for (let at = 0; text.length < size; at++) text += make(at);
    text += 'END';
    const { url } = await demo();
    const { page } = await visit(url);
    const { drawn, gone, isSame } = await page.evaluate<{ drawn: number; gone: number; isSame: boolean }>(
      `import('/playground/js/markdown.js').then(async ({ MarkdownView }) => {
        const text = ${JSON.stringify(text)};
        const [view, once] = [new MarkdownView(), new MarkdownView()];
        const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        once.show('$x$\\n\\n\`\`\`ts\\nlet a;\\n\`\`\`', false);
        while (!once.element.querySelector('.katex') || !once.element.querySelector('.hljs-keyword')) await wait(50);
        document.getElementById('turns').append(view.element);
        let drawn = 0;
        let gone = 0;
        new MutationObserver((records) => {
          for (const { addedNodes, removedNodes } of records) {
            for (const node of addedNodes) drawn += node.textContent.length;
            for (const node of removedNodes) gone = Math.max(gone, node.textContent.length);
          }
        }).observe(view.element, { childList: true, subtree: true });
        for (let length = 0; length < text.length; length += 2_000) {
          view.show(text.slice(0, length), true);
          await Promise.resolve();
        }
        view.show(text, false);
        once.show(text, false);
        const read = () => [view, once].map(({ element }) => element.textContent.replace(/\\s/g, ''));
        const isSame = () => read()[0] === read()[1] && read()[0].endsWith('END');
        for (let tries = 0; tries < 100 && !isSame(); tries++) await wait(100);
        return { drawn, gone, isSame: isSame() };
      })`,
    );
    expect(isSame).toBe(true);
    // Only the last block is drawn again when it grows; drawing all of it each time would be ten million characters.
    expect(drawn).toBeLessThan(10 * text.length);
    expect(gone).toBeLessThan(20_000);
  });

  it.each([
    ['quotes', `${'>'.repeat(3000)} the end`],
    ['quotes with spaces', `${'> '.repeat(3000)}the end`],
    ['lists', `${Array.from({ length: 1000 }, (_, depth) => `${'  '.repeat(depth)}- item`).join('\n')} the end`],
    ['lists in one line', `${'- '.repeat(3000)}the end`],
    ['quotes and lists in turn', `${'> 1. '.repeat(1500)}the end`],
    ['emphasis', `${'*'.repeat(3000)}the end${'*'.repeat(3000)}`],
    ['emphasis of words', `${'*a '.repeat(3000)}the end${' b*'.repeat(3000)}`],
    ['words struck out', `${'~~a '.repeat(3000)}the end${' b~~'.repeat(3000)}`],
    ['brackets', `${'['.repeat(3000)}the end${']'.repeat(3000)}`],
    ['elements', `${'<b>'.repeat(3000)}the end`],
    ['blocks of HTML', `${'<div>'.repeat(3000)}the end`],
    ['JSON', `${'['.repeat(3000)}"the end"${']'.repeat(3000)}`],
    ['cells of a table', `${'|a'.repeat(3000)}|\n${'|-'.repeat(3000)}|\n${'|b'.repeat(3000)} the end|`],
  ])('shows a completion of thousands of nested %s, and continues', async (_, text) => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream(['Look: ', '\n\n', text])).next(scriptStream('**Still** here.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    expect(await lane(page, 'answer').locator('> .said').textContent()).toContain('the end');
    await ask(page, 'chat', 'And now?');
    await eventually(async () => (await page.locator('.turn').count()) === 2);
    await waitForEnd(page);
    expect(await lane(page, 'answer').locator('> .said strong').innerText()).toBe('Still');
  });
});
