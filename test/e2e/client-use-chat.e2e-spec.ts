import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { REPLY } from '../fixtures/structured-outputs.js';
import { Bench } from '../support/bench.js';
import { describeInBrowser, TestBrowser, type Visitor } from '../support/browser.js';
import { PageServer } from '../support/page-server.js';
import { scriptCompletion, scriptStream, steps } from '../support/upstream/index.js';
import { ROOT } from '../support/places.js';

/** The address in the docs. */
const DOCS_BASE_URL = 'http://localhost:8080/v1';
/** The bundle of the page is made in seconds, also on a busy machine. In milliseconds. */
const LONGEST_MS = 60_000;

/** Makes a page of the component `Chat` that docs/browsers.md shows. @param baseUrl replaces the one in the docs */
async function makePage(baseUrl: string): Promise<string> {
  const docs = await readFile(join(ROOT, 'docs/browsers.md'), 'utf8');
  const [, component = ''] = /^```tsx\n(.*?)^```$/ms.exec(docs) ?? [];
  const main = "import { createRoot } from 'react-dom/client'; createRoot(document.body).render(<Chat />);";
  const { outputFiles } = await build({
    stdin: { contents: component.replace(DOCS_BASE_URL, baseUrl) + main, loader: 'tsx', resolveDir: ROOT },
    bundle: true,
    write: false,
    platform: 'browser',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    tsconfigRaw: '{}',
  });
  const script = (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script');
  return `<!doctype html><meta charset="utf-8"><title>Chat</title><body></body><script>${script}</script>`;
}

describeInBrowser()('useChat of the AI SDK in a page with React', () => {
  let browser: TestBrowser;
  let bench: Bench;
  let server: PageServer;
  let visitor: Visitor;
  beforeAll(async () => {
    browser = await TestBrowser.start();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    bench = await Bench.start({ env: { CORS_ORIGINS: '*' } });
    server = await PageServer.start(await makePage(bench.app.baseUrl));
    visitor = await browser.visit();
    await visitor.page.goto(server.origin);
  }, LONGEST_MS);
  afterEach(async () => {
    await visitor.close();
    await server.stop();
    await bench.close();
  });

  const send = async (text: string): Promise<void> => {
    await visitor.page.getByRole('textbox', { name: 'Message' }).fill(text);
    await visitor.page.getByRole('button', { name: 'Send' }).click();
  };
  const untilReady = (): Promise<void> =>
    visitor.page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
  const readReplies = (): Promise<readonly string[]> =>
    visitor.page.getByRole('article', { name: 'assistant' }).allInnerTexts();

  it('shows reasoning and text, and sends the conversation with the next message', async () => {
    bench.upstream.next(scriptCompletion(REPLY));
    await send('Hello');
    await visitor.page.getByText(REPLY.reply).waitFor();
    await untilReady();
    expect(await readReplies()).toEqual([`${REPLY.thinking}\n\n${REPLY.reply}`]);
    bench.upstream.next(scriptCompletion({ ...REPLY, reply: 'Until then.' }));
    await send('Goodbye');
    await visitor.page.getByText('Until then.').waitFor();
    const { body } = await bench.upstream.request(1);
    expect(body.messages?.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(visitor.errors).toEqual([]);
  });

  it('shows text while it is generated', async () => {
    const hold = steps.gate();
    bench.upstream.next(scriptStream(['{"thinking":"Hm.","reply":"One, ', hold, 'two"}']));
    await send('Hello');
    await visitor.page.getByText('One,', { exact: true }).waitFor();
    expect(await visitor.page.getByRole('button', { name: 'Stop' }).count()).toBe(1);
    hold.open();
    await visitor.page.getByText('One, two').waitFor();
    await untilReady();
  });

  it('aborts the model call when the visitor stops it', async () => {
    bench.upstream.next([steps.role(), steps.text('{"thinking":"I am not'), steps.stall()]);
    await send('Hello');
    await visitor.page.getByText('I am not').waitFor();
    await visitor.page.getByRole('button', { name: 'Stop' }).click();
    expect(await (await bench.upstream.request(0)).closed).toBe('aborted');
    await untilReady();
  });

  it('shows the error of a request that cannot succeed', async () => {
    bench.upstream.next(steps.httpError(400, { message: 'The context is too long.' }));
    await send('Hello');
    expect(await visitor.page.getByRole('alert').innerText()).not.toBe('');
    expect(await readReplies()).toEqual([]);
  });
});
