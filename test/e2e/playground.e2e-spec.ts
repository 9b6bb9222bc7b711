import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Injectable } from '@nestjs/common';
import { type ChatRefs, type Flow, type Ref, type TaskContext, Workflow } from '../../src/workflow/index.js';
import { describeInBrowser, type Visitor } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { getJson } from '../support/http-client.js';
import {
  ask,
  DARK,
  ended,
  lane,
  LIGHT,
  readNodeState,
  openPlayground,
  PHONE,
  readText,
} from '../support/playground-kit.js';
import { startProcess } from '../support/process.js';
import { scriptStream, tokens } from '../support/upstream/scripts.js';
import {
  errorBody,
  gate,
  httpError,
  reasoning,
  reset,
  role,
  type Step,
  style,
  text,
} from '../support/upstream/steps.js';
import { readPrompt, SpeakNode, makeWorkflowsModule } from '../support/workflow-kit.js';

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

/** `it` for what needs a program that not every machine has. */
function itIfRuns(command: string): typeof it | typeof it.skip {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0 ? it : it.skip;
}

describeInBrowser()('the playground', () => {
  const { visit, bench, demo } = openPlayground();

  it('shows the text of each node in its own lane, as it comes, and lights up the graph', async () => {
    const { app, upstream } = await bench();
    const [first, second] = [gate(), gate()];
    upstream
      .next(scriptStream(['Plain ', first, 'words.'], { usage: tokens(3, 4) }))
      .next(scriptStream(['{"thinking":"Let me see","reply":"He', second, 'llo!"}'], { usage: tokens(5, 6) }));
    const { page } = await visit(app.url);
    await ask(page, 'streaming', 'Hello');

    await lane(page, 'TextStreamingNode').getByText('Plain', { exact: true }).waitFor();
    expect(await lane(page, 'TextStreamingNode').getAttribute('data-state')).toBe('running');
    expect(await lane(page, 'StructuredStreamingNode').count()).toBe(0);
    expect(await readNodeState(page, 'TextStreamingNode')).toBe('running');
    expect(await readNodeState(page, 'StructuredStreamingNode')).toBe('waiting');

    first.open();
    const structured = lane(page, 'StructuredStreamingNode');
    await structured.locator('.tree.filling').waitFor();
    await eventually(async () => (await structured.locator('dd').allInnerTexts()).join('|') === 'Let me see|He');
    expect(await structured.locator('dt').allInnerTexts()).toEqual(['thinking', 'reply']);
    expect(await lane(page, 'TextStreamingNode').locator('> .said').innerText()).toBe('Plain words.');
    expect(await readNodeState(page, 'TextStreamingNode')).toBe('done');
    expect(await readNodeState(page, 'StructuredStreamingNode')).toBe('running');

    second.open();
    await ended(page);
    expect(await structured.locator('dd').allInnerTexts()).toEqual(['Let me see', 'Hello!']);
    expect(await page.locator('.tree.filling').count()).toBe(0);
    expect(await readNodeState(page, 'StructuredStreamingNode')).toBe('done');
    const facts = await readText(page, '.facts');
    for (const fact of [/First text\s+\d/, /Total\s+\d/, /Tokens in\s+8/, /Tokens out\s+10/, /Finish\s+stop/, /req_/]) {
      expect(facts).toMatch(fact);
    }
    expect(facts).toMatch(/Speed\s+[\d.]+ tokens\/s/);
    expect(await readText(page, '#announcer')).toContain('Plain words.');
  });

  it('shows silent steps with what they tell, and the way that was not taken', async () => {
    const { app, upstream } = await bench({ imports: [makeWorkflowsModule(CrossingWorkflow, ChooseNode, SpeakNode)] });
    upstream.next(scriptStream('To the right.'));
    const { page } = await visit(app.url);
    await ask(page, 'crossing', 'Where to?');
    await ended(page);
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
    const hold = gate();
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
    await ended(page);
    const shown = ['left', 'middle', 'right'].map((path) => lane(page, path).locator('> .said').innerText());
    expect(await Promise.all(shown)).toEqual(['First of all', 'And I', '']);
  });

  it('shows thinking apart from the reply', async () => {
    const { app, upstream } = await bench();
    const hold = gate();
    upstream.next(scriptStream([reasoning('First I *think*.'), hold, 'Then I speak.']));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    const thinking = lane(page, 'answer').locator('.thinking');
    await thinking.getByText('think', { exact: true }).waitFor();
    expect(await thinking.getAttribute('open')).not.toBeNull();
    hold.open();
    await ended(page);
    expect(await thinking.getAttribute('open')).toBeNull();
    expect(await lane(page, 'answer').locator('> .said').innerText()).toBe('Then I speak.');
    await thinking.locator('summary').click();
    expect(await thinking.locator('.said').innerText()).toBe('First I think.');
  });

  it('shows the result of a workflow in which no step speaks, and steps of nested workflows', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    await ask(page, 'customer-care', 'Please send me the invoice, number 4711.');
    await ended(page);
    const said = await page.locator('.lane > .said:not(:empty)').allInnerTexts();
    expect(said).toHaveLength(1);
    expect(await readText(page, '.facts')).toMatch(/Model\s+millrace-demo/);
    await ask(page, 'nested', 'How does a mill work?');
    await ended(page);
    expect(await lane(page, 'ResearchWorkflow/basics').innerText()).toMatch(
      /^basics\s+in ResearchWorkflow\s+agent · silent/,
    );
    expect(await readNodeState(page, 'ResearchWorkflow/basics')).toBe('done');
    expect(await readNodeState(page, 'simplify')).toBe('done');
  });

  it('stops: the request to the model is aborted, and what came stays', async () => {
    const { app, upstream } = await bench();
    const hold = gate();
    upstream.next(scriptStream(['Half an ', hold, 'answer'])).next(scriptStream('A new one.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await lane(page, 'answer').getByText('Half an').waitFor();
    await page.click('#stop');
    await ended(page, 'stopped');
    expect(await (await upstream.request(0)).closed).toBe('aborted');
    expect(await readText(page, '.turns')).toMatch(/Half an[^]*stopped by you/);
    expect(await page.evaluate('document.activeElement.id')).toBe('draft');
    await page.getByRole('button', { name: 'Retry' }).click();
    await ended(page);
    expect(await page.locator('.turn').count()).toBe(1);
    expect((await upstream.request(1)).body.messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  it('says in words what went wrong, before the answer and in it', async () => {
    const { app, upstream } = await bench();
    const limited = errorBody('Slow down.', { type: 'rate_limit_error', code: 'rate_limit_exceeded' });
    upstream.next(httpError(429, limited, { 'retry-after': '7' })).next([role(), text('Some '), reset()]);
    const { page, errors } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await ended(page, 'failed');
    const box = page.locator('.turn:last-child .problem-box');
    expect(await box.innerText()).toMatch(/Too many requests[^]*Try again in 7 seconds[^]*rate_limit_exceeded/);
    expect(await box.getAttribute('role')).toBe('alert');
    await ask(page, 'chat', 'Again');
    await ended(page, 'failed');
    expect(await box.innerText()).toMatch(/broke[^]*upstream_connection_lost/);
    expect(await lane(page, 'answer').locator('> .said').innerText()).toBe('Some');
    expect(await readNodeState(page, 'answer')).toBe('failed');
    expect(errors).toEqual([]);
  });

  it('tells a missing key, a broken connection and a server that has gone apart', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    const answers: ((route: Parameters<Parameters<Page['route']>[1]>[0]) => Promise<void>)[] = [
      (route) => route.fulfill({ status: 401, json: errorBody('No key.', { code: 'invalid_api_key' }) }),
      (route) => route.abort('connectionrefused'),
      (route) =>
        route.fulfill({
          contentType: 'text/event-stream',
          body: ': hi\r\n\r\ndata: {"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}\r\n\r\n',
        }),
    ];
    await page.route('**/v1/chat/completions', (route) => answers.shift()?.(route));
    const box = page.locator('.turn:last-child .problem-box');
    await ask(page, 'chat', 'a');
    await ended(page, 'failed');
    expect(await box.innerText()).toContain('asks for an API key');
    await page.getByRole('button', { name: 'Enter a key' }).click();
    expect(await page.evaluate('document.activeElement.id')).toBe('key');
    await ask(page, 'chat', 'b');
    await eventually(async () => (await page.locator('.turn').count()) === 2);
    await ended(page, 'failed');
    expect(await box.innerText()).toContain('cannot be reached');
    await ask(page, 'chat', 'c');
    await eventually(async () => (await page.locator('.turn').count()) === 3);
    await ended(page, 'failed');
    expect(await box.innerText()).toContain('connection broke');
    expect(await page.locator('.turn:last-child .said').last().innerText()).toBe('Hi');
  });

  it('shows Markdown, and lets nothing in it run or load anything', async () => {
    const { app, upstream } = await bench();
    const evil = [
      '# Title\n\n| a | b |\n|---|---|\n| **1** | `2` |\n\n- [x] done\n',
      '<script>document.title = "hacked"</script><img src=x onerror="document.title=\'hacked\'">',
      '<svg onload="document.title=\'hacked\'"></svg><iframe src="https://evil.example/frame"></iframe>',
      '![cat](https://evil.example/cat.png) <img srcset="https://evil.example/a.png 1x"> ![own](/v1/models)',
      '<p style="background:url(https://evil.example/b.png)" class="primary">styled</p><style>body{display:none}</style>',
      '<form action="https://evil.example"><button autofocus>Key?</button><input name="key"></form>',
      '[click](javascript:document.title="hacked") [data](data:text/html,x) [mail](mailto:a@b.c) [web](https://w.example/)',
      '<a href="//evil.example" target="_self">relative</a>',
    ].join('\n\n');
    upstream.next(scriptStream(evil));
    const { page, requests, errors } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await ended(page);
    const said = lane(page, 'answer').locator('> .said');
    expect(await said.locator('h1').innerText()).toBe('Title');
    expect(await said.locator('td strong').innerText()).toBe('1');
    const html = await said.innerHTML();
    expect(html).not.toMatch(
      /<(script|iframe|form|button|input|style|svg)|onerror|onload|javascript:|data:text|srcset|style=/i,
    );
    expect(html).not.toMatch(/<img/);
    expect(await page.title()).toBe('Millrace playground');
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
    // The sanitiser parses the text in a document of its own, in which the page's policy holds as well and says so.
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
    await ended(page);
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

  it('names the models that answered, as their providers call them', async () => {
    const { app, upstream } = await bench();
    const named = (model: string): Step => style({ envelope: { model, system_fingerprint: 'fp_44709d6fcb' } });
    upstream
      .next([named('gpt-5-mini-2026-08-07'), ...scriptStream('One.')])
      .next([named('gpt-5-2026-08-07'), ...scriptStream(JSON.stringify({ thinking: 'Hm.', reply: 'Two.' }))]);
    const { page } = await visit(app.url);
    await ask(page, 'streaming', 'Hello');
    await ended(page);
    const facts = await readText(page, '.turn:last-child .facts');
    expect(facts).toMatch(/Models\s+gpt-5-mini-2026-08-07, gpt-5-2026-08-07\s/);
    expect(facts).not.toMatch(/Models?\s+fp_/);
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
  ])('shows an answer of thousands of nested %s, and goes on', async (_, answer) => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream(['Look: ', '\n\n', answer])).next(scriptStream('**Still** here.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Hello');
    await ended(page);
    expect(await lane(page, 'answer').locator('> .said').textContent()).toContain('the end');
    await ask(page, 'chat', 'And now?');
    await eventually(async () => (await page.locator('.turn').count()) === 2);
    await ended(page);
    expect(await lane(page, 'answer').locator('> .said strong').innerText()).toBe('Still');
  });

  it('can be used by keyboard alone', async () => {
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
    await ended(page);
    expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: 'First\nline' }]);
    await page.keyboard.type('Second');
    await page.keyboard.press('Enter');
    await page.locator('.turn').nth(1).getByText('Two').waitFor();
    await page.keyboard.press('Escape');
    await ended(page, 'stopped');

    // Back from the message to the menu beside it, and to the first thing of the page.
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('copy-as');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('openai-node');
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.id')).toBe('copy-as');
    expect(await page.locator('#copy-as-list').isVisible()).toBe(false);
    for (const selector of ['#workflow', '#theme', '#new-conversation']) {
      await page.focus(selector);
      await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Tab');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    }
  });

  it('sends parameters, a system message and the key, and checks what it can', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('Yes.')).next(scriptStream('Again.'));
    const { page, requests } = await visit(app.url);
    await page.selectOption('#workflow', 'chat');
    await page.click('#parameters summary');
    await page.fill('#system', 'Be brief.');
    await page.fill('#temperature', '0.2');
    await page.fill('#seed', '7');
    await page.fill('#extra', '{"stop": "END"');
    expect(await readText(page, '#extra-problem')).toContain('no JSON');
    await ask(page, 'chat', 'Is it?');
    expect(await page.evaluate('document.activeElement.id')).toBe('extra');
    expect(requests.filter((url) => url.endsWith('/completions'))).toEqual([]);
    await page.fill('#extra', '{"stop": ["END"]}');
    await page.click('#key-group summary');
    await page.fill('#key', 'sk-visitor');
    await page.press('#key', 'Tab');
    const sent = page.waitForRequest('**/v1/chat/completions');
    await page.press('#draft', 'Enter');
    expect((await sent).headers()['authorization']).toBe('Bearer sk-visitor');
    await ended(page);
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
    await ended(page);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('sk-visitor');
  });

  describe('copies a request that runs as it stands', () => {
    const question = `It's "quoted" \\ $HOME \`id\` \n{}%s 😀 \u2028`;
    let folder: string;
    beforeAll(async () => {
      // Within the project, so that its packages are found.
      folder = await mkdtemp(join(import.meta.dirname, '../../node_modules/.copied-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    /** What is copied when this is written and a key is set: the key itself must not be in it. */
    async function copied({ page, clipboard }: Visitor, form: string): Promise<string> {
      await page.selectOption('#workflow', 'chat');
      await page.click('#key-group summary');
      await page.fill('#key', 'sk-visitor');
      await page.press('#key', 'Tab');
      await page.fill('#draft', question);
      await page.click('#copy-as');
      await page.click(`[data-copy=${form}]`);
      await eventually(async () => (await readText(page, '#toast')) === `Copied as ${form}`);
      const text = await clipboard();
      expect(text).not.toContain('sk-visitor');
      expect(text).toContain('MILLRACE_API_KEY');
      return text;
    }

    async function run(command: string, args: readonly string[]): Promise<{ code: number | null; stdout: string }> {
      const program = await startProcess(args, { command, env: { MILLRACE_API_KEY: 'sk-visitor', HOME: folder } });
      const { code } = await program.exit;
      return { code, stdout: program.stdout };
    }

    itIfRuns('curl')('as curl', async () => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream('It runs.', { usage: tokens(10, 2) }));
      const { code, stdout } = await run('sh', ['-c', await copied(await visit(app.url), 'curl')]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/"content":"It[^]*"prompt_tokens":10[^]*\[DONE\]/);
      expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: question }]);
    });

    it('as openai-node', async () => {
      const { app, upstream } = await bench();
      upstream.next(scriptStream('It runs.'));
      const file = join(folder, 'copied.mjs');
      await writeFile(file, await copied(await visit(app.url), 'openai-node'));
      expect(await run(process.execPath, [file])).toEqual({ code: 0, stdout: 'It runs.' });
      expect((await upstream.request(0)).body.messages).toEqual([{ role: 'user', content: question }]);
    });

    // The package is not on every machine: what is shown is that the program is Python, and says what it must.
    itIfRuns('python3')('as openai-python', async () => {
      const { url } = await demo();
      const visitor = await visit(url);
      await visitor.page.click('#parameters summary');
      await visitor.page.fill('#extra', '{"stop": null, "logprobs": true, "repetition_penalty": 1.1}');
      const python = await copied(visitor, 'openai-python');
      const file = join(folder, 'copied.py');
      await writeFile(file, python);
      const calls =
        'import ast, sys; print([ast.literal_eval(k.value) for k in ast.walk(ast.parse(open(sys.argv[1], ' +
        'encoding="utf-8").read())) if isinstance(k, ast.keyword) and k.arg in ("messages", "stop", "extra_body")] == ' +
        '[[{"role": "user", "content": sys.argv[2]}], None, {"repetition_penalty": 1.1}])';
      expect(await run('python3', ['-c', calls, file, question])).toEqual({ code: 0, stdout: 'True\n' });
    });
  });

  it('works on a phone: nothing is cut off, and the panels open as sheets', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream(`${'x'.repeat(300)}\n\n\`\`\`\n${'y'.repeat(300)}\n\`\`\``));
    const { page } = await visit(app.url, PHONE);
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    await page.click('#open-settings');
    await page.locator('#workflow').selectOption('chat');
    expect(await page.locator('#open-settings').getAttribute('aria-expanded')).toBe('true');
    expect(await page.evaluate(overflow)).toBe(0);
    await page.keyboard.press('Escape');
    await eventually(async () => !(await page.locator('#settings').isVisible()));
    expect(await page.evaluate('document.activeElement.id')).toBe('open-settings');
    await page.fill('#draft', 'Hello');
    await page.click('#send');
    await ended(page);
    expect(await page.evaluate(overflow)).toBe(0);
    const wide = await page.locator('#scroller').evaluate((each) => each.scrollWidth - each.clientWidth);
    expect(wide).toBe(0);
    await page.click('#open-graph');
    await eventually(() => page.locator('#graph-frame svg').isVisible());
    expect(await readNodeState(page, 'answer')).toBe('done');
    expect(await page.evaluate(overflow)).toBe(0);
  });

  it('follows the system into the dark, and the person who wants something else', async () => {
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

  it.each([
    ['light', LIGHT],
    ['dark', DARK],
    ['narrow', PHONE],
  ])('has no serious accessibility fault that axe finds: %s', async (_name, options) => {
    const { app, upstream } = await bench();
    const hold = gate();
    const reply = '# Reply\n\n> said\n\n```\ncode\n```\n\n| a |\n|---|\n| [b](https://b.example/) |';
    upstream
      .next(scriptStream([reasoning('Hm.'), reply]))
      .next(httpError(500, 'down'))
      .next(scriptStream(['{"thinking":"Hm","list":[1,true,{"a":null}],"reply":"H', hold]));
    const { page } = await visit(app.url, options);
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
    const check = async (): Promise<void> => {
      await page.evaluate(axe);
      const found: { violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] } =
        await page.evaluate('axe.run()');
      const serious = found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
      expect(
        serious.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => html + failureSummary)]),
      ).toEqual([]);
    };
    const openAll = 'for (const each of document.querySelectorAll("details")) each.open = true';
    await check();
    await page.locator('#workflow').selectOption('chat', { force: true });
    await page.fill('#draft', 'One');
    await page.press('#draft', 'Enter');
    await ended(page);
    await page.fill('#draft', 'Two');
    await page.press('#draft', 'Enter');
    await ended(page, 'failed');
    await page.fill('#draft', 'Three');
    await page.press('#draft', 'Enter');
    await page.locator('.tree.filling').waitFor();
    await page.evaluate(openAll);
    await check();
    if (options === PHONE) {
      await page.click('#open-settings');
      await eventually(() => page.locator('#workflow').isVisible());
      await check();
    }
    hold.open();
    await ended(page);
  });

  it('keeps conversations in the browser until they are deleted', async () => {
    const { app, upstream } = await bench();
    upstream.next(scriptStream('Kept.')).next(scriptStream('Also kept.'));
    const { page } = await visit(app.url);
    await ask(page, 'chat', 'Remember this');
    await ended(page);
    await page.reload();
    await page.waitForSelector('.turn');
    expect(await readText(page, '.turns')).toMatch(/Remember this[^]*Kept\./);
    expect(await page.inputValue('#workflow')).toBe('chat');
    await page.click('#new-conversation');
    expect(await page.locator('.turn').count()).toBe(0);
    await ask(page, 'chat', 'And that');
    await ended(page);
    expect((await upstream.request(1)).body.messages).toHaveLength(1);
    await page.getByRole('button', { name: 'Remember this', exact: true }).click();
    expect(await readText(page, '.turns')).toContain('Kept.');
    await page.getByRole('button', { name: 'Delete Remember this' }).click();
    expect(await page.locator('.turn').count()).toBe(0);
    await page.click('#clear-history');
    expect(await page.locator('.history li').count()).toBe(1);
    await page.click('#clear-history');
    expect(await page.locator('.history li').count()).toBe(0);
    await page.reload();
    await page.waitForSelector('#graph-frame svg');
    expect(await page.locator('.history li').count()).toBe(0);
  });

  it('reads every beginning of a JSON object as that much of it', async () => {
    const { url } = await demo();
    const { page } = await visit(url);
    const faults = await page.evaluate(`import('/playground/js/partial-json.js').then(({ readPartialJson }) => {
      const faults = [];
      const whole = { a: 'x\\n"\\\\é😀', b: [1, -2.5e-3, true, null, [], {}, 'y'], c: { d: { e: '' } }, f: false };
      const isPart = (part, all) =>
        typeof part === 'string' ? typeof all === 'string' && all.startsWith(part)
        : Array.isArray(part) ? Array.isArray(all) && part.every((item, i) => isPart(item, all[i]))
        : typeof part === 'object' && part !== null
          ? Object.entries(part).every(([key, value]) => Object.hasOwn(all, key) && isPart(value, all[key]))
          : part === all;
      for (const text of [JSON.stringify(whole), JSON.stringify(whole, null, 2), JSON.stringify(whole).replace(/[^ -~]/g, (c) => '\\\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))]) {
        for (let end = 1; end <= text.length; end++) {
          const read = readPartialJson(text.slice(0, end));
          if (read === undefined || !isPart(read.value, whole) || read.complete !== (end === text.length)) faults.push(text.slice(0, end));
        }
        if (JSON.stringify(readPartialJson(text).value) !== JSON.stringify(whole)) faults.push('whole');
      }
      for (const text of ['', 'Hello', '[link](x)', '{a}', '{"a" 1}', '{"a":1} x', '{"a":x', '[1 2', '"text"', '{"a":"\\\\x"']) {
        if (readPartialJson(text) !== undefined) faults.push(text);
      }
      return faults;
    })`);
    expect(faults).toEqual([]);
  });

  it('is served with a strict policy, and loaded again only where it changed', async () => {
    const { url } = await demo();
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?:\/\//);
    const paths = [
      'vendor/marked.js',
      'vendor/dompurify.js',
      ...[...html.matchAll(/\.\/playground\/([\w./-]+)/g)].map(([, path]) => path ?? ''),
    ];
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) {
      const asset = await getJson(`${url}/playground/${path}`);
      expect([path, asset.status, asset.headers['x-content-type-options']]).toEqual([path, 200, 'nosniff']);
      expect(asset.headers['content-type']).toMatch(/^(text\/(css|javascript)|image\/svg\+xml); charset=utf-8$/);
      const { etag = '' } = asset.headers;
      const again = await getJson(`${url}/playground/${path}`, { 'if-none-match': etag });
      expect([path, again.status, again.text]).toEqual([path, 304, '']);
    }
    for (const path of ['js/types.d.ts', 'tsconfig.json', '../playground-assets.js', '..%2findex.js', 'js', '']) {
      const { status } = await fetch(`${url}/playground/${path}`);
      expect([path, status]).toEqual([path, 404]);
    }
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it('leads to the docs only if they are there', async () => {
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
