import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { Bench, TestApp } from './app.js';
import { TestBrowser, type Visitor, type VisitorOptions } from './browser.js';

/** The options for a light page, a dark page and a phone. */
export const LIGHT: VisitorOptions = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' };
export const DARK: VisitorOptions = { ...LIGHT, colorScheme: 'dark' };
export const PHONE: VisitorOptions = { viewport: { width: 360, height: 740 } };

/** The variants in which each page is tested. */
export const LOOKS = [
  ['light', LIGHT],
  ['dark', DARK],
  ['narrow', PHONE],
] as const;

/** Makes servers and visitors of their playground. */
export interface Playground {
  /** Opens the page and waits until it is ready. */
  readonly visit: (url: string, options?: VisitorOptions) => Promise<Visitor>;
  /** Opens a page of another origin. */
  readonly visitOther: (url: string) => Promise<Visitor>;
  readonly bench: (options?: Parameters<typeof Bench.start>[0]) => Promise<Bench>;
  /** Starts a server with the demo model. */
  readonly demo: (env?: Readonly<Record<string, string>>) => Promise<TestApp>;
}

/**
 * Sets up the tests of the enclosing `describe`. After each test it closes everything, and checks that no page made a request
 * to another host or threw an error.
 */
export function openPlayground(): Playground {
  let browser: TestBrowser;
  const visitors: Visitor[] = [];
  const servers: (Bench | TestApp)[] = [];
  beforeAll(async () => {
    browser = await TestBrowser.start();
  }, 60_000);
  afterAll(() => browser.close());
  afterEach(async () => {
    const here = visitors.splice(0);
    try {
      for (const { requests, errors } of here) {
        expect(requests.filter((url) => !/^(http:\/\/127\.0\.0\.1:\d+\/|data:|blob:)/.test(url))).toEqual([]);
        expect(errors).toEqual([]);
      }
    } finally {
      await Promise.all(here.map((visitor) => visitor.close()));
      for (const server of servers.splice(0)) await server.close();
    }
  });
  return {
    visit: async (url, options = LIGHT) => {
      const visitor = await browser.visit(options);
      visitors.push(visitor);
      await openPage(visitor.page, url);
      return visitor;
    },
    visitOther: async (url) => {
      const visitor = await browser.visit(LIGHT);
      visitors.push(visitor);
      await visitor.page.goto(url);
      return visitor;
    },
    bench: async (options = {}) => {
      const started = await Bench.start(options);
      servers.push(started);
      return started;
    },
    demo: async (env = {}) => {
      const app = await TestApp.start({ env: { DEMO_TOKENS_PER_SECOND: '0', ...env } });
      servers.push(app);
      return app;
    },
  };
}

/** Goes to the page and waits until it is ready. */
export async function openPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForSelector('#graph-frame svg', { state: 'attached' });
}

/** Chooses a workflow and sends a message. */
export async function ask(page: Page, model: string, question: string): Promise<void> {
  // On a phone the list is behind a button.
  await page.locator('#workflow').selectOption(model, { force: true });
  await page.fill('#draft', question);
  await page.press('#draft', 'Enter');
}

/** Waits until the newest reply is in this state. */
export function waitForEnd(page: Page, state = 'done'): Promise<unknown> {
  return page.waitForSelector(`.turn:last-child .reply[data-state=${state}]`);
}

/** The lane of a step in the newest reply. */
export function lane(page: Page, path: string): Locator {
  return page.locator(`.turn:last-child .lane[data-path="${path}"]`);
}

/** The state in which the graph shows a step. */
export function readNodeState(page: Page, path: string): Promise<string | null> {
  return page.locator(`#graph-frame [data-node="${path}"]`).getAttribute('data-state');
}

export function readText(page: Page, selector: string): Promise<string> {
  return page.locator(selector).innerText();
}

/** Fails if axe finds a serious fault in what the page shows. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8'));
  const found: { violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] } =
    await page.evaluate('axe.run()');
  const serious = found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => html + failureSummary)])).toEqual(
    [],
  );
}
