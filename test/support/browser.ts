import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe } from '@jest/globals';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/**
 * Commands of Chromium on different systems, or of Chrome, which works as well. The headless build comes first: it needs a
 * third of the CPU time for a page.
 */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The browser's own services are off, so that it only makes the connections of the page. */
const ARGUMENTS = [
  // In containers, tests run as root, and the sandbox does not work.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of Chromium, from `CHROMIUM_PATH` or the search path; undefined if there is none. */
function findChromium(): string | undefined {
  const given = process.env['CHROMIUM_PATH'];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const usual = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...APPLICATIONS];
  return (given === undefined || given === '' ? usual : [given]).find((path) => existsSync(path));
}

/**
 * `describe` for tests that need a browser. Without Chromium they are skipped with a notice, except in CI, where they fail.
 */
export function describeInBrowser(): typeof describe | typeof describe.skip {
  if (findChromium() !== undefined || process.env['CI'] !== undefined) return describe;
  process.stderr.write('Skipped, since this machine has no Chromium. Install it, or set CHROMIUM_PATH.\n');
  return describe.skip;
}

/** Settings of a visitor's browser. */
export interface VisitorOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** A headless browser. Each visitor has its own storage. */
export class TestBrowser {
  private constructor(
    private readonly persistent: BrowserContext,
    private readonly folder: string,
  ) {}

  static async start(): Promise<TestBrowser> {
    const executablePath = findChromium();
    if (executablePath === undefined)
      throw new Error('This machine has no Chromium. Install it, or set CHROMIUM_PATH.');
    const folder = await mkdtemp(join(tmpdir(), 'millrace-browser-'));
    try {
      const options = { executablePath, args: ARGUMENTS, headless: true };
      return new TestBrowser(await chromium.launchPersistentContext(folder, options), folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async visit(options: VisitorOptions = {}): Promise<Visitor> {
    const browser = this.persistent.browser();
    if (browser === null) throw new Error('The browser has ended.');
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    return new Visitor(context, await context.newPage());
  }

  async close(): Promise<void> {
    await this.persistent.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A visitor of a page, who records the page's requests and errors. */
export class Visitor {
  /** Addresses of all requests, blocked ones too. */
  readonly requests: string[] = [];
  /** Errors that the page threw or the browser reported, such as violations of the page's policy. */
  readonly errors: string[] = [];

  constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.#watch(page);
  }

  /** The text that the page has put into the clipboard. */
  readonly clipboard = (): Promise<string> => this.page.evaluate('navigator.clipboard.readText()');

  /** Opens another tab of the same browser. */
  async openTab(): Promise<Page> {
    const page = await this.context.newPage();
    this.#watch(page);
    return page;
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  #watch(page: Page): void {
    page.setDefaultTimeout(10_000);
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      // The browser logs every status from 400 on, which the page may well expect.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.errors.push(message.text());
      }
    });
  }
}
