/**
 * Makes the pictures in docs/images: builds nothing, starts the compiled service with the demo provider on a free port,
 * and looks at the playground with Chromium (`CHROMIUM_PATH`, or the first that PATH has). Run `npm run build` before.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const images = join(root, 'docs/images');
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where Chromium is; without any, playwright-core says what is missing. */
function chromiumPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const usual = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return process.env.CHROMIUM_PATH || usual.find((path) => existsSync(path));
}

/** Starts the service as the demo, whatever is set on this machine. */
async function startService() {
  const service = spawn(process.execPath, [join(root, 'dist/main.js')], {
    cwd: join(root, 'dist'),
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', DEMO_TOKENS_PER_SECOND: '40' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: service.stdout })) {
    const [, url] = /ready at (https?:\/\/[\w.[\]:-]+:\d+)/.exec(line) ?? [];
    if (url !== undefined) return { url, stop: () => service.kill() };
  }
  throw new Error('The service did not start.');
}

/** A page in these colours and of this size, with motion held still. */
async function open(browser, url, options) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector('#graph-frame svg', { state: 'attached' });
  return page;
}

async function ask(page, model, text) {
  await page.locator('#workflow').selectOption(model, { force: true });
  await page.fill('#draft', text);
  await page.press('#draft', 'Enter');
}

const done = (page) => page.waitForSelector('.turn:last-child .answer[data-state=done]');

async function save(page, name) {
  await page.screenshot({ path: join(images, name) });
  process.stdout.write(`docs/images/${name}\n`);
  await page.context().close();
}

const service = await startService();
const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  await mkdir(images, { recursive: true });

  const light = await open(browser, service.url, { viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  await ask(light, 'research', 'How does a water mill work?');
  await done(light);
  await ask(light, 'streaming', 'What is 12 * 7?');
  await light.waitForSelector('.tree.filling dd:nth-of-type(1)');
  await light.waitForFunction(() => document.querySelectorAll('.tree.filling dd').length === 2);
  await light.waitForTimeout(250);
  await save(light, 'playground-light.png');

  const inside = await open(browser, service.url, { viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  await ask(inside, 'research', 'How does a water mill work?');
  await done(inside);
  await inside.locator('#waterfall [data-kind=model]').first().waitFor();
  await inside.locator('.lane .look').last().click();
  await inside.locator('#inside .inside-part').first().waitFor();
  await save(inside, 'console-inside.png');

  const dark = await open(browser, service.url, { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  await ask(dark, 'nested', 'How does a water mill work?');
  await dark.waitForSelector('[data-path="ResearchWorkflow/synthesize"] .prose');
  await dark.waitForTimeout(500);
  await save(dark, 'playground-dark.png');

  const phone = await open(browser, service.url, {
    viewport: { width: 390, height: 780 },
    deviceScaleFactor: 2,
    colorScheme: 'light',
  });
  await ask(phone, 'reasoning', 'What is 17 * 23?');
  await done(phone);
  await phone.locator('.thinking summary').click();
  await save(phone, 'playground-phone.png');
} finally {
  await browser.close();
  service.stop();
}
