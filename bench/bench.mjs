import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from './processes/child.mjs';
import { COST_REPORTER, measureCost, costSource } from './processes/cost.mjs';
import { findPinning } from './processes/pinning.mjs';
import { WARM_UP } from './phases.mjs';
import { readTargetStart } from './targets/index.mjs';

const HEAP_REPORTER = join(import.meta.dirname, 'soak/report-levels.mjs');
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
/** How long the work after the last response of a load may take, in milliseconds. */
const SETTLE_MS = 50;
const MEMORY_SAMPLES = 8;
const MEMORY_INTERVAL_MS = 100;

/**
 * A server that is measured.
 *
 * @typedef {object} Target
 * @property {string} name
 * @property {string} url of its chat completions
 * @property {number} startMs from its start until it listens
 * @property {Child} child
 */

/** The processes of a bench: a fake upstream, a load client, and the targets between the two. */
export class Bench {
  #pinning;
  #upstream;
  #load;
  #upstreamUrl = '';

  /**
   * @param {{ targetProcessors?: number }} [options] how many processors a target has for itself, where there are
   * enough
   */
  constructor({ targetProcessors = 1 } = {}) {
    this.#pinning = findPinning(targetProcessors);
  }

  /** How processes are pinned and costs are found. */
  get description() {
    return { pinning: this.#pinning.description, cost: costSource };
  }

  async start() {
    const options = { prefix: this.#pinning.others, channel: true };
    this.#upstream = new Child(listNodeArgs('upstream/server.mjs'), options);
    this.#load = new Child(listNodeArgs('load/client.mjs'), options);
    [[this.#upstreamUrl]] = await Promise.all([
      this.#upstream.waitForOutput(ADDRESS),
      this.#load.waitForOutput(/is there/),
    ]);
  }

  /**
   * Starts another process beside the targets' processor.
   * @param {string} script path in this folder
   * @returns {Promise<{ child: Child, url: string }>} where it says that it listens
   */
  async startHelper(script) {
    const child = new Child(listNodeArgs(script), { prefix: this.#pinning.others, channel: true });
    const [url] = await child.waitForOutput(ADDRESS);
    return { child, url };
  }

  /**
   * @param {string} name
   * @param {Readonly<Record<string, string>>} [env] settings beside those that all targets get
   * @param {{ tellsHeap?: boolean }} [options] `tellsHeap`: it can be asked for its `heap`, after a collection of
   * garbage
   * @returns {Promise<Target>}
   */
  async startTarget(name, env = {}, { tellsHeap = false } = {}) {
    const start = readTargetStart(name, this.#upstreamUrl);
    const byChannel = costSource === 'channel';
    const reporters = [
      ...(byChannel ? ['--import', COST_REPORTER] : []),
      ...(tellsHeap ? ['--expose-gc', '--import', HEAP_REPORTER] : []),
    ];
    const began = performance.now();
    const child = new Child([...reporters, ...start.args], {
      prefix: this.#pinning.target,
      cwd: start.cwd,
      env: { ...start.env, ...env },
      channel: reporters.length > 0,
    });
    const [address] = await child.waitForOutput(ADDRESS);
    return { name, url: `${address}/v1/chat/completions`, startMs: performance.now() - began, child };
  }

  /** @param {Target} target */
  async warmUp(target) {
    for (const load of WARM_UP) {
      const { errors } = await this.#run(target, load);
      const [first] = Object.keys(errors);
      if (first !== undefined) {
        throw new Error(`${target.name} does not respond as it should: ${first}\n${target.child.output}`);
      }
    }
  }

  /**
   * Puts a load on a target.
   * @param {Target} target
   * @param {import('./phases.mjs').Load} load
   * @param {() => Promise<void>} settle waits for what the load leaves to be done; it counts as the load's
   * @returns {Promise<Record<string, number> & { errors: Record<string, number> }>} Times in microseconds, memory in
   * kilobytes
   */
  async measure(target, load, settle = () => delay(SETTLE_MS)) {
    const before = await this.#measureCosts(target);
    const { held, ...result } = load.hold ? await this.#holdOpen(target, load) : await this.#run(target, load);
    await settle();
    const after = await this.#measureCosts(target);
    const cpu = after.target.cpu - before.target.cpu;
    const { expected, requests, tokens, bytes, wallMs, ...rest } = result;
    return {
      ...rest,
      requests,
      lost: expected - tokens,
      cpuPerChunk: cpu / expected,
      cpuPerRequest: cpu / load.requests,
      chunksPerSecond: (tokens / wallMs) * 1e3,
      streamsPerSecond: (requests / wallMs) * 1e3,
      bytesPerToken: bytes / tokens,
      memory: after.target.memory,
      targetBusy: cpu / 1e3 / wallMs,
      upstreamBusy: (after.upstream.cpu - before.upstream.cpu) / 1e3 / wallMs,
      loadBusy: (after.load.cpu - before.load.cpu) / 1e3 / wallMs,
      ...(held !== undefined && { memoryPerStream: (held - before.target.memory) / load.requests }),
    };
  }

  /** @param {Target} target */
  async stopTarget(target) {
    await this.#load.ask({ type: 'forget', url: target.url });
    await target.child.stop();
  }

  async stop() {
    await Promise.all([this.#upstream?.stop(), this.#load?.stop()]);
  }

  #run(target, load) {
    return this.#load.ask({ type: 'run', url: target.url, load });
  }

  /** Runs the load, and measures the target's memory while all of its streams are open. */
  async #holdOpen(target, load) {
    await this.#upstream.ask({ type: 'hold' });
    const allSpeak = this.#load.waitForEvent('all-speak');
    const running = this.#run(target, load);
    await Promise.race([allSpeak, running]);
    // From the first token to the middle of the stream.
    if (load.rate) await delay((load.chunks / 2 / load.rate) * 1_000 + SETTLE_MS);
    const samples = [];
    for (let i = 0; i < MEMORY_SAMPLES; i++) {
      samples.push((await measureCost(target.child)).memory);
      await delay(MEMORY_INTERVAL_MS);
    }
    await this.#upstream.ask({ type: 'release' });
    return { ...(await running), held: samples.sort((a, b) => a - b)[MEMORY_SAMPLES / 2] };
  }

  async #measureCosts(target) {
    const [ofTarget, upstream, load] = await Promise.all([target.child, this.#upstream, this.#load].map(measureCost));
    return { target: ofTarget, upstream, load };
  }
}

function listNodeArgs(script) {
  const reporter = costSource === 'channel' ? ['--import', COST_REPORTER] : [];
  return [...reporter, join(import.meta.dirname, script)];
}
