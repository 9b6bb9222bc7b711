import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeInBrowser, type Visitor } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { PageServer } from '../support/page-server.js';
import { ask, waitForEnd, openPlayground, readText } from '../support/playground-kit.js';
import { startProcess } from '../support/process.js';
import { PYTHON_ENV } from '../support/programs.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

/** `it` for tests that need a program which not every machine has. */
function itIfRuns(command: string, ...args: readonly string[]): typeof it | typeof it.skip {
  const env = { ...process.env, ...PYTHON_ENV };
  return spawnSync(command, args.length === 0 ? ['--version'] : args, { stdio: 'ignore', env }).status === 0
    ? it
    : it.skip;
}

/** Parameters of a completion; some have another name or form for responses. */
const PARAMETERS = {
  top_p: 0.5,
  reasoning_effort: 'low',
  verbosity: 'low',
  presence_penalty: 0.5,
  user: 'somebody',
  logprobs: true,
  top_logprobs: 2,
  response_format: { type: 'json_schema', json_schema: { name: 'city', schema: { type: 'object' } } },
  tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }],
  tool_choice: { type: 'function', function: { name: 'look' } },
};

describeInBrowser()('the playground', () => {
  const { visit, visitOther, bench, demo } = openPlayground();

  it('can be used by keyboard alone to write, send and stop', async () => {
    const { app, upstream } = await bench();
    const hold = gate();
    upstream.next(scriptStream('One.')).next(scriptStream(['Two', hold]));
    const { page } = await visit(app.url);
    expect(await page.evaluate('document.activeElement.id')).toBe('draft');
    await page.selectOption('#workflow', 'chat');
    await page.focus('#draft');
    await page.keyboard.type('First');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('line');
    await page.keyboard.press('Control+Enter');
    await waitForEnd(page);
    expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: 'First\nline' }]);
    await page.keyboard.type('Second');
    await page.keyboard.press('Enter');
    await page.locator('.turn').nth(1).getByText('Two').waitFor();
    await page.keyboard.press('Escape');
    await waitForEnd(page, 'stopped');
  });

  it('has a menu beside the message that the keyboard opens, walks through and closes', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('One.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await waitForEnd(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('copy-as');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('openai-node');
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.id')).toBe('copy-as');
    expect(await page.locator('#copy-as-list').isVisible()).toBe(false);
  });

  it('shows which control has the focus of the keyboard', async () => {
    const { app } = await bench();
    const { page } = await visit(app.url);
    for (const selector of ['#workflow', '#theme', '#new-conversation']) {
      await page.focus(selector);
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Tab');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    }
  });

  it('sends parameters and a system message, with the conversation so far', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('Yes.')).next(scriptStream('Again.'));
    const { page } = await visit(app.url);
    await page.selectOption('#workflow', 'chat');
    await page.click('#parameters summary');
    await page.fill('#system', 'Be brief.');
    await page.fill('#temperature', '0.2');
    await page.fill('#seed', '7');
    await page.fill('#extra', '{"stop": ["END"]}');
    await ask(page, 'chat', 'Is it?');
    await waitForEnd(page);
    expect((await upstream.request(0)).body).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Is it?' },
      ],
      temperature: 0.2,
      seed: 7,
      stop: ['END'],
    });
    await ask(page, 'chat', 'Really?');
    await eventually(() => upstream.requests.length === 2);
    expect((await upstream.request(1)).body.messages.slice(1)).toEqual([
      { role: 'user', content: 'Is it?' },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'Really?' },
    ]);
    await waitForEnd(page);
  });

  it('sends nothing while the parameters are not JSON, and leads to them', async () => {
    const { app } = await bench();
    const { page, requests } = await visit(app.url);
    await page.selectOption('#workflow', 'chat');
    await page.click('#parameters summary');
    await page.fill('#extra', '{"stop": "END"');
    expect(await readText(page, '#extra-problem')).toContain('not JSON');
    await ask(page, 'chat', 'Is it?');
    expect(await page.evaluate('document.activeElement.id')).toBe('extra');
    expect(requests.filter((url) => url.endsWith('/completions'))).toEqual([]);
  });

  it('sends the key, and does not keep it', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('Yes.'));
    const { page } = await visit(app.url);
    await page.click('#key-group summary');
    await page.fill('#key', 'sk-visitor');
    await page.press('#key', 'Tab');
    const sent = page.waitForRequest('**/v1/chat/completions');
    await ask(page, 'chat', 'Is it?');
    expect((await sent).headers()['authorization']).toBe('Bearer sk-visitor');
    await waitForEnd(page);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('sk-visitor');
  });

  describe('copies a request that runs as it stands', () => {
    const question = `It's "quoted" \\ $HOME \`id\` \n{}%s 😀 \u2028`;
    let folder: string;
    beforeAll(async () => {
      // Within the project, so that its packages are found.
      folder = await mkdtemp(join(import.meta.dirname, '../../node_modules/.copied-'));
    });
    afterAll(() => rm(folder, { recursive: true }), 120_000);

    type Door = 'chat' | 'responses';

    /** Copies a request with this text in the composer, and returns the copied code. */
    async function copyRequest({ page, clipboard }: Visitor, door: Door, form: string, said = ''): Promise<string> {
      await page.selectOption('#workflow', 'chat');
      await page.fill('#draft', question);
      await page.click('#copy-as');
      await page.locator(`[data-door=${door}]`).getByText(form, { exact: true }).click();
      await eventually(async () => (await readText(page, '#toast')) === `Copied as ${form}${said}`);
      return clipboard();
    }

    /** Does the same with a key set, and checks that the copied code does not contain it. */
    async function copyWithKey(visitor: Visitor, door: Door, form: string): Promise<string> {
      const { page } = visitor;
      await page.click('#key-group summary');
      await page.fill('#key', 'sk-visitor');
      await page.press('#key', 'Tab');
      const text = await copyRequest(visitor, door, form);
      expect(text).not.toContain('sk-visitor');
      expect(text).toContain('MILLRACE_API_KEY');
      return text;
    }

    async function run(
      command: string,
      args: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ): Promise<{ code: number | null; stdout: string }> {
      const env = { MILLRACE_API_KEY: 'sk-visitor', HOME: folder, ...more };
      const program = await startProcess(args, { command, env });
      const { code } = await program.exit;
      return { code, stdout: program.stdout };
    }

    itIfRuns('curl').each([
      ['chat', /"content":"It[^]*"prompt_tokens":10[^]*\[DONE\]/],
      ['responses', /"delta":"It[^]*event: response.completed[^]*"input_tokens":10[^]*\[DONE\]/],
    ] as const)('for %s as curl', async (door, expected) => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream('It runs.', { usage: tokens(10, 2) }));
      const { code, stdout } = await run('sh', ['-c', await copyWithKey(await visit(app.url), door, 'curl')]);
      expect(code).toBe(0);
      expect(stdout).toMatch(expected);
      expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: question }]);
    });

    it.each([
      ['chat', 'openai-node'],
      ['chat', 'AI SDK'],
      ['responses', 'openai-node'],
      ['responses', 'AI SDK'],
    ] as const)('for %s as %s', async (door, form) => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream('It runs.'));
      const visitor = await visit(app.url);
      const { page } = visitor;
      await page.click('#parameters summary');
      await page.fill('#system', 'Be brief.');
      await page.fill('#temperature', '0.3');
      await page.fill('#extra', '{"user": "somebody"}');
      const file = join(folder, 'copied.mjs');
      await writeFile(file, await copyWithKey(visitor, door, form));
      expect(await run(process.execPath, [file])).toEqual({ code: 0, stdout: 'It runs.' });
      const { body } = await upstream.request(0);
      expect(body.messages).toEqual([
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: question },
      ]);
      expect(body).toMatchObject({ temperature: 0.3, user: 'somebody' });
    });

    itIfRuns('python3', '-c', 'import openai').each(['chat', 'responses'] as const)(
      'for %s as openai-python',
      async (door) => {
        const { app, upstream } = await bench();
        upstream.next(scriptStream('It runs.'));
        const file = join(folder, 'copied.py');
        await writeFile(file, await copyWithKey(await visit(app.url), door, 'openai-python'));
        expect(await run('python3', [file], PYTHON_ENV)).toEqual({ code: 0, stdout: 'It runs.' });
        expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: question }]);
      },
    );

    // Not every machine has the package, so this only checks that the program is valid Python with the expected content.
    itIfRuns('python3').each([
      ['chat', 'messages', '', '{"repetition_penalty": 1.1}'],
      ['responses', 'input', '. Responses do not have stop, repetition_penalty', '{"presence_penalty": 1}'],
    ] as const)('for %s as openai-python, with other parameters', async (door, input, said, further) => {
      const { url } = await demo();
      const visitor = await visit(url);
      await visitor.page.click('#parameters summary');
      await visitor.page.fill(
        '#extra',
        '{"stop": null, "repetition_penalty": 1.1, "presence_penalty": 1, "parallel_tool_calls": null}',
      );
      const file = join(folder, 'copied.py');
      await writeFile(file, await copyRequest(visitor, door, 'openai-python', said));
      const calls =
        'import ast, sys; print([ast.literal_eval(k.value) for k in ast.walk(ast.parse(open(sys.argv[1], ' +
        `encoding="utf-8").read())) if isinstance(k, ast.keyword) and k.arg in ("${input}", "parallel_tool_calls", ` +
        `"extra_body")] == [[{"role": "user", "content": sys.argv[2]}], None, ${further}])`;
      expect(await run('python3', ['-c', calls, file, question])).toEqual({ code: 0, stdout: 'True\n' });
    });

    it.each(['chat', 'responses'] as const)('for %s as a page with EventSource', async (door) => {
      const { app, upstream } = await bench({ env: { CORS_ORIGINS: '*' } });
      upstream.next(scriptStream('It runs.'));
      const page = await PageServer.start(await copyRequest(await visit(app.url), door, 'EventSource'));
      try {
        const visitor = await visitOther(page.origin);
        await visitor.page.getByText('It runs.').waitFor();
        expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: question }]);
      } finally {
        await page.stop();
      }
    });

    itIfRuns('curl')('with the same effect for both, whatever the parameters', async () => {
      const { app, upstream } = await bench();
      upstream.always(scriptStream('It runs.'));
      const visitor = await visit(app.url);
      const { page } = visitor;
      await page.click('#parameters summary');
      await page.fill('#system', 'Be brief.');
      await page.fill('#max_completion_tokens', '7');
      await page.fill('#extra', JSON.stringify(PARAMETERS));
      for (const door of ['chat', 'responses'] as const) {
        const { code, stdout } = await run('sh', ['-c', await copyRequest(visitor, door, 'curl')]);
        expect([code, stdout]).toEqual([0, expect.stringContaining('[DONE]')]);
      }
      expect((await upstream.request(1)).body).toEqual((await upstream.request(0)).body);
      expect((await upstream.request(0)).body).toMatchObject({ max_completion_tokens: 7, ...PARAMETERS });
    });

    it('and says what the AI SDK does not take as it is', async () => {
      const { url } = await demo();
      const { page } = await visit(url);
      await page.click('#parameters summary');
      await page.fill('#extra', '{"response_format": {"type": "json_object"}}');
      for (const door of ['chat', 'responses']) {
        await page.click('#copy-as');
        await page.locator(`[data-door=${door}]`).getByText('AI SDK').click();
        await eventually(async () => (await readText(page, '#toast')).startsWith('The AI SDK does not take'));
      }
    });
  });

  it('keeps conversations in the browser, and shows each when it is chosen', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('Kept.')).next(scriptStream('Also kept.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Remember this');
    await waitForEnd(page);
    await page.reload();
    await page.waitForSelector('.turn');
    expect(await readText(page, '.turns')).toMatch(/Remember this[^]*Kept\./);
    expect(await page.inputValue('#workflow')).toBe('chat');
    await page.click('#new-conversation');
    expect(await page.locator('.turn').count()).toBe(0);
    await ask(page, 'chat', 'And that');
    await waitForEnd(page);
    expect((await upstream.request(1)).body.messages).toHaveLength(1);
    await page.getByRole('button', { name: 'Remember this', exact: true }).click();
    expect(await readText(page, '.turns')).toContain('Kept.');
  });

  it('deletes one conversation at once, and all of them at the second click', async () => {
    const { app, upstream } = await bench();
    upstream.always(scriptStream('Kept.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'And that');
    await waitForEnd(page);
    await page.click('#new-conversation');
    await ask(page, 'chat', 'Remember this');
    await waitForEnd(page);
    await page.getByRole('button', { name: 'Delete Remember this' }).click();
    expect(await page.locator('.turn').count()).toBe(0);
    const kept = page.locator('.history li');
    await page.click('#clear-history');
    expect(await kept.count()).toBe(1);
    await page.click('#clear-history');
    expect(await kept.count()).toBe(0);
    await page.reload();
    await page.waitForSelector('#graph-frame svg');
    expect(await kept.count()).toBe(0);
  });
});
