import { join } from 'node:path';
import { Bench } from './app.js';
import { type ChildProcess, startProcess } from './process.js';
import { describeIfRuns, PYTHON_ENV } from './programs.js';

/** `describe` for tests that need Python with the openai package. */
export const describePython = describeIfRuns('python3', ['-c', 'import openai'], PYTHON_ENV);

/** The openai package for Python as a client of the application, in a script of `test/fixtures`. */
export class PythonClient {
  #child: ChildProcess | undefined;

  private constructor(
    readonly bench: Bench,
    private readonly script: string,
  ) {}

  static async start(script: string): Promise<PythonClient> {
    return new PythonClient(await Bench.start(), join(import.meta.dirname, '../fixtures', script));
  }

  /**
   * Runs the script with these arguments.
   * @returns the lines of its output
   */
  async ask(...args: readonly string[]): Promise<unknown[]> {
    const command = ['-B', this.script, this.bench.app.baseUrl, ...args];
    this.#child = await startProcess(command, { command: 'python3', env: PYTHON_ENV });
    const { code } = await this.#child.exit;
    if (code !== 0) throw new Error(`The script failed:\n${this.#child.stderr}`);
    return this.#child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }

  async close(): Promise<void> {
    await this.#child?.stop();
    await this.bench.close();
  }
}
