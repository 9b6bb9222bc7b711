/** The clients of a bench, in a process of its own that ends with the one that started it. */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { writeMessage } from '../order.mjs';
import { sendStreamedRequest } from './streamed-request.mjs';
import { Tally } from './tally.mjs';

/** One agent for each target, so that connections are kept from one load to the next. @type {Map<string, Agent>} */
const agents = new Map();

function makeAgent(url) {
  const agent = agents.get(url) ?? new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'fifo' });
  agents.set(url, agent);
  return agent;
}

/**
 * @param {string} url of the target
 * @param {import('../phases.mjs').Load} load
 */
async function run(url, load) {
  const over = new AbortController();
  const beside = load.beside === undefined ? undefined : runLanes(url, load.beside, new Tally(), over.signal);
  const { limitMs = 60_000 } = load;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const tally = new Tally();
  const start = performance.now();
  await runLanes(url, load, tally, limit.signal);
  clearTimeout(timer);
  const wallMs = performance.now() - start;
  over.abort();
  await beside;
  if (tally.requests === 0 && tally.errors.size === 0) tally.addError('not finished in time');
  return { wallMs, expected: load.requests * (load.chunks + (load.pieces ?? 0)), ...tally.summarize() };
}

/** Sends the requests of a load, so many at a time, until all have ended or the signal aborts. */
async function runLanes(url, load, tally, signal) {
  const { model, requests, concurrency, chunks, pieces = 0, rate = 0, hold = false, padding = 0 } = load;
  const { startsPerSecond = Infinity } = load;
  const content = writeMessage({ chunks, pieces, rate, hold }, padding);
  const isResponse = load.store !== undefined;
  const address = isResponse ? url.replace(/chat\/completions$/, 'responses') : url;
  const messages = [{ role: 'user', content }];
  const body = JSON.stringify(
    isResponse
      ? { model, stream: true, store: load.store, input: messages }
      : { model, stream: true, stream_options: { include_usage: true }, messages },
  );
  let begun = 0;
  let speaking = 0;
  const onFirstToken = () => {
    if (++speaking === requests) process.send({ event: 'all-speak' });
  };
  const lane = async (index) => {
    if (startsPerSecond < Infinity) await delay((index * 1_000) / startsPerSecond);
    while (begun < requests && !signal.aborted) {
      begun++;
      await sendStreamedRequest({
        agent: makeAgent(url),
        url: address,
        body,
        expected: chunks + pieces,
        isResponse,
        signal,
        tally,
        onFirstToken,
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, index) => lane(index)));
}

process.on('message', ({ id, type, url, load }) => {
  if (type === 'run') void run(url, load).then((result) => process.send({ id, result }));
  if (type === 'forget') {
    agents.get(url)?.destroy();
    agents.delete(url);
    process.send({ id });
  }
});
process.on('disconnect', () => process.exit());
// Nothing else keeps this process alive, and a module that was loaded before may have released the channel.
process.channel.ref();
console.log('load client is there');
