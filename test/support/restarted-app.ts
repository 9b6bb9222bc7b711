import { rm } from 'node:fs/promises';
import { TestApp, type TestAppOptions } from './app.js';
import { beginResponse, retrieve } from './background-client.js';
import { eventually } from './eventually.js';
import { makeTemporaryFolder } from './temporary-folder.js';
import { ScriptedUpstream, scriptStream, steps } from './upstream/index.js';

/** An application that can be stopped and started again with the same folder of runs, like a restarted process. */
export class RestartedApp {
  #app: TestApp | undefined;

  private constructor(
    readonly folder: string,
    readonly upstream: ScriptedUpstream,
  ) {}

  static async begin(): Promise<RestartedApp> {
    return new RestartedApp(await makeTemporaryFolder('restarted'), await ScriptedUpstream.start());
  }

  /** Stops the previous application, which releases its runs, and starts another one. */
  async start(env: Readonly<Record<string, string>> = {}, more: TestAppOptions = {}): Promise<TestApp> {
    await this.stop();
    const settings = {
      OPENAI_BASE_URL: this.upstream.url,
      OPENAI_API_KEY: 'sk-test',
      RUNS_DIR: this.folder,
      SHUTDOWN_GRACE_MS: '0',
      ...env,
    };
    this.#app = await TestApp.start({ ...more, env: settings });
    return this.#app;
  }

  async stop(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    await app?.close();
  }

  /**
   * Starts the application and a response in the background, and stops the application in the middle of it.
   * @returns its id
   */
  async interrupt(...options: Parameters<RestartedApp['start']>): Promise<string> {
    const app = await this.start(...options);
    const door = steps.gate();
    this.upstream.next(scriptStream(['Hel', door, 'lo']));
    const { id } = await beginResponse(app);
    await eventually(async () => (await retrieve(app, id)).output.length === 1);
    await this.stop();
    door.open();
    return id;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.upstream.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
