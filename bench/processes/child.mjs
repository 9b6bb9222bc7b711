import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_START_MS = 30_000;
const LONGEST_STOP_MS = 3_000;
const LONGEST_REPLY_MS = 120_000;
/** How much of what a process writes is kept, in characters, to be shown if it does not start. */
const KEPT = 8_000;

/** All that run. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

// Whatever ends this process also ends what it has started, each process by its own id.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => process.exit(code));
}

/**
 * @typedef {object} ChildOptions
 * @property {readonly string[]} [prefix] command in front
 * @property {Readonly<Record<string, string>>} [env] its environment; nothing but the path is inherited
 * @property {string} [cwd]
 * @property {boolean} [channel] true if it can be asked
 */

/** A Node process that belongs to a bench. */
export class Child {
  #process;
  #output = '';
  #events = new EventTarget();
  /** @type {Map<number, (result: any) => void>} */
  #pending = new Map();
  #lastId = 0;

  /** @param {readonly string[]} args @param {ChildOptions} options */
  constructor(args, { prefix = [], env = {}, cwd, channel = false }) {
    const [command, ...rest] = [...prefix, process.execPath, ...args];
    this.#process = spawn(command, rest, {
      cwd,
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(channel ? ['ipc'] : [])],
    });
    running.add(this.#process);
    this.#process.once('exit', () => running.delete(this.#process));
    this.#process.once('error', (error) => {
      this.#keep(`${error.message}\n`);
      running.delete(this.#process);
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.#keep(text));
    }
    this.#process.on('message', ({ id, result, event }) => {
      if (event !== undefined) this.#events.dispatchEvent(new Event(event));
      this.#pending.get(id)?.(result);
      this.#pending.delete(id);
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** The end of its output. */
  get output() {
    return this.#output;
  }

  /**
   * Waits until it has written what matches.
   * @param {RegExp} pattern
   */
  async waitForOutput(pattern) {
    for (const deadline = performance.now() + LONGEST_START_MS; ; await delay(10)) {
      const found = pattern.exec(this.#output);
      if (found !== null) return found;
      if (!running.has(this.#process)) throw new Error(`A process ended at its start:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`A process did not start in time:\n${this.#output}`);
    }
  }

  /** @param {object} question @returns {Promise<any>} what it replies */
  ask(question) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const fail = () => settle(() => reject(new Error(`A process does not reply:\n${this.#output}`)));
      const timer = setTimeout(fail, LONGEST_REPLY_MS);
      const settle = (then) => {
        clearTimeout(timer);
        this.#process.off('exit', fail);
        then();
      };
      this.#process.once('exit', fail);
      if (!running.has(this.#process)) return fail();
      this.#pending.set(id, (result) => settle(() => resolve(result)));
      this.#process.send({ id, ...question });
    });
  }

  /** Resolves with the next event of that name. @param {string} name */
  waitForEvent(name) {
    return new Promise((resolve) => this.#events.addEventListener(name, resolve, { once: true }));
  }

  /** Asks it to end, and ends it if it does not. */
  async stop() {
    if (!running.has(this.#process)) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), LONGEST_STOP_MS);
    await exit;
    clearTimeout(timer);
  }

  #keep(text) {
    this.#output = (this.#output + text).slice(-KEPT);
  }
}
