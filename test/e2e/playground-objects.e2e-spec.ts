import { expect, it } from '@jest/globals';
import { describeInBrowser } from '../support/browser.js';
import { openPlayground } from '../support/playground-kit.js';

describeInBrowser()('the playground', () => {
  const { visit, demo } = openPlayground();

  it('reads every beginning of a JSON object as far as it goes', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    const faults = await page.evaluate(`import('/playground/js/partial-json.js').then(({ PartialJson }) => {
      const faults = [];
      const plain = ({ kind, names, items, text, isComplete }) =>
        kind === 'object' ? Object.fromEntries(items.map((item, i) => [names[i], plain(item)]))
        : kind === 'array' ? items.map(plain)
        : kind === 'string' ? (isComplete ? text : text.replace(/[\\uD800-\\uDBFF]$/, ''))
        : JSON.parse(text);
      const whole = { a: 'x\\n"\\\\é😀', b: [1, -2.5e-3, true, null, [], {}, 'y'], c: { d: { e: '' } }, f: false };
      const isPart = (part, all) =>
        typeof part === 'string' ? typeof all === 'string' && all.startsWith(part)
        : Array.isArray(part) ? Array.isArray(all) && part.every((item, i) => isPart(item, all[i]))
        : typeof part === 'object' && part !== null
          ? Object.entries(part).every(([key, value]) => Object.hasOwn(all, key) && isPart(value, all[key]))
          : part === all;
      for (const text of [JSON.stringify(whole), JSON.stringify(whole, null, 2), JSON.stringify(whole).replace(/[^ -~]/g, (c) => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))]) {
        const growing = new PartialJson();
        for (let end = 1; end <= text.length; end++) {
          const once = new PartialJson();
          for (const json of [growing, once]) {
            const isRead = json.read(text.slice(0, end));
            if (!isRead || !isPart(plain(json.root), whole) || json.root.isComplete !== (end === text.length)) faults.push(text.slice(0, end));
          }
          if (JSON.stringify(growing.root) !== JSON.stringify(once.root)) faults.push('not the same: ' + text.slice(0, end));
        }
        if (JSON.stringify(plain(growing.root)) !== JSON.stringify(whole)) faults.push('whole');
      }
      for (const text of ['', 'Hello', '[link](x)', '{a}', '{"a" 1}', '{"a":1} x', '{"a":x', '[1 2', '"text"', '{"a":"\\\\x"']) {
        if (new PartialJson().read(text)) faults.push(text);
        const growing = new PartialJson();
        for (let end = 1; end < text.length; end++) growing.read(text.slice(0, end));
        if (growing.read(text)) faults.push('piece by piece: ' + text);
      }
      return faults;
    })`);
    expect(faults).toEqual([]);
  });

  it.each<[string, number, () => unknown]>([
    [
      'many objects',
      6_000,
      () => ({
        items: Array.from({ length: 500 }, (_, id) => ({
          id,
          name: `Item ${id}`,
          tags: ['a', 'b'],
          at: { x: 1, y: null },
        })),
      }),
    ],
    [
      'many members',
      6_000,
      () => Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`key ${at}`, `value ${at}`])),
    ],
    ['a long text', 25_000, () => ({ reply: 'Some words of a long text.\n'.repeat(4_000) })],
    ['a text of one line', 25_000, () => ({ reply: 'Some words of a long text. '.repeat(4_000) })],
  ])(
    'draws the finished part of a long object only once, and a bounded part of it in a frame: %s',
    async (_, limit, make) => {
      const { url } = await demo();
      const { page } = await visit(url);
      const { grown, once, isSame } = await page.evaluate<{
        grown: { drawn: number; most: number };
        once: { drawn: number; most: number };
        isSame: boolean;
      }>(
        `import('/playground/js/text-view.js').then(async ({ TextView }) => {
        const text = JSON.stringify((${make.toString()})());
        const watch = async (show) => {
          const view = new TextView();
          document.getElementById('turns').append(view.element);
          // Characters that came into the page: in all, and at once.
          const seen = { drawn: 0, most: 0 };
          new MutationObserver((records) => {
            let drawn = 0;
            for (const { addedNodes, target, type, oldValue } of records) {
              if (type === 'characterData') drawn += Math.max(target.length - oldValue.length, 0);
              else for (const node of addedNodes) drawn += node.textContent.length;
            }
            seen.drawn += drawn;
            seen.most = Math.max(seen.most, drawn);
          }).observe(view.element, { childList: true, subtree: true, characterData: true, characterDataOldValue: true });
          await show(view);
          const isDrawn = () => view.element.querySelector('.tree.filling') === null;
          for (let tries = 0; tries < 200 && !isDrawn(); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
          return { seen, read: () => view.element.textContent };
        };
        const grown = await watch(async (view) => {
          for (let length = 1; length < text.length; length += 2_000) {
            view.show(text.slice(0, length), true);
            await Promise.resolve();
          }
          view.show(text, false);
        });
        const once = await watch(async (view) => view.show(text, false));
        const whole = [];
        JSON.stringify(JSON.parse(text), (name, value) => {
          if (typeof value !== 'object' || value === null) whole.push(String(value));
          return value;
        });
        const bare = (value) => value.replace(/\\s/g, '').length;
        return {
          grown: grown.seen,
          once: once.seen,
          isSame: grown.read() === once.read() && grown.read().includes(whole.at(-1)) && bare(grown.read()) >= bare(whole.join('')),
        };
      })`,
      );
      expect(isSame).toBe(true);
      const size = JSON.stringify(make()).length;
      for (const { drawn, most } of [grown, once]) {
        expect(drawn).toBeLessThan(3 * size);
        expect(most).toBeLessThan(limit);
      }
    },
  );

  it('draws only the visible part of a long value in a step', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    const drawn: number = await page.evaluate(`Promise.all([
      import('/playground/js/tree.js'),
      import('/playground/vendor/preact-htm.js'),
    ]).then(([{ Tree }, { h, render }]) => {
      const items = Array.from({ length: 1_000 }, (_, id) => ({ id, place: { city: 'Item ' + id, tags: ['a', 'b'] } }));
      const box = document.body.appendChild(document.createElement('div'));
      box.id = 'value';
      render(h(Tree, { value: { items, text: 'Some words.\\n'.repeat(3_000) } }), box);
      return box.getElementsByTagName('*').length;
    })`);
    expect(drawn).toBeLessThan(2_000);
    const rows = page.locator('#value > .tree > dl > div:first-child > dd > details > dl > div');
    await page.getByRole('button', { name: 'Show 100 of 900 more rows' }).click();
    expect(await rows.count()).toBe(200);
    const branch = rows.nth(150);
    await branch.getByText('id, place').click();
    await branch.getByText('city, tags').click();
    await branch.getByText('Item 150').waitFor();
    const text = page.getByRole('group', { name: 'Text of 36,000 characters' });
    await text.focus();
    expect(await page.locator('.value.long:focus').count()).toBe(1);
    expect((await text.textContent())?.length).toBe(20_000);
    await page.getByRole('button', { name: 'Show the last 16,000 characters' }).click();
    expect((await text.textContent())?.length).toBe(36_000);
  });
});
