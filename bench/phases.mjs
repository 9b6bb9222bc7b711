/**
 * A number of requests of one kind.
 *
 * @typedef {object} Load
 * @property {string} name
 * @property {'chat' | 'streaming'} model `chat`: one model call; `streaming`: a text, then a structured output
 * @property {boolean} [store] asks for responses in place of chat completions, stored or not. Only Millrace has them
 * @property {number} requests
 * @property {number} concurrency how many of them at the same time
 * @property {number} chunks content chunks of each text
 * @property {number} [pieces] content chunks of each structured output
 * @property {number} [rate] chunks per second of each stream; absent: as fast as they are taken
 * @property {boolean} [hold] true: the memory of open streams is measured while all wait halfway
 * @property {number} [startsPerSecond] how fast the requests begin that run at the same time
 * @property {number} [padding] characters of text in the user's message
 * @property {Load} [beside] runs again and again for as long as this one lasts, and is not measured
 * @property {number} [limitMs] when unfinished requests are given up
 */

/**
 * Loads that are measured for one purpose.
 *
 * @typedef {object} Phase
 * @property {string} title
 * @property {readonly Load[]} loads
 * @property {readonly string[]} shows the metrics that two results are compared by
 * @property {boolean} [growth] true: the cost per chunk of the last load is set against that of the first
 */

const makeChatLoad = (name, load) => ({ name, model: 'chat', ...load });
const makeStreamingLoad = (name, load) => ({ name, model: 'streaming', ...load });

/** Memory comes first: what other phases leave behind would hide it. @type {Readonly<Record<string, Phase>>} */
export const PHASES = {
  mem: {
    title: 'memory of 1,000 open streams',
    shows: ['memoryPerStream'],
    loads: [
      makeChatLoad('mem', {
        requests: 1_000,
        concurrency: 1_000,
        chunks: 12,
        rate: 20,
        hold: true,
        startsPerSecond: 500,
      }),
    ],
  },
  low: {
    title: 'short completions (5 chunks), one after another',
    shows: ['cpuPerRequest', 'firstTokenP50'],
    loads: [makeChatLoad('low', { requests: 300, concurrency: 1, chunks: 5 })],
  },
  burst: {
    title: '8 streams of 500 chunks at a time, as fast as they are taken',
    shows: ['cpuPerChunk'],
    loads: [makeChatLoad('burst', { requests: 40, concurrency: 8, chunks: 500 })],
  },
  paced: {
    title: '100 streams at a time, 50 chunks a second each, as models write',
    shows: ['cpuPerChunk', 'firstTokenP50', 'tokenP50'],
    loads: [makeChatLoad('paced', { requests: 100, concurrency: 100, chunks: 150, rate: 50 })],
  },
  streaming: {
    title: 'a text of 250 chunks, then a structured output of 250, 8 at a time',
    shows: ['cpuPerChunk'],
    loads: [makeStreamingLoad('streaming', { requests: 24, concurrency: 8, chunks: 250, pieces: 250 })],
  },
  slen: {
    title: 'structured outputs of 200 and 2,000 chunks, 500 a second',
    shows: ['cpuPerChunk'],
    growth: true,
    loads: [
      makeStreamingLoad('slen-200', { requests: 40, concurrency: 4, chunks: 5, pieces: 200, rate: 500 }),
      makeStreamingLoad('slen-2000', { requests: 4, concurrency: 4, chunks: 5, pieces: 2_000, rate: 500 }),
    ],
  },
  len: {
    title: 'texts of 100, 1,000 and 10,000 chunks',
    shows: ['cpuPerChunk'],
    growth: true,
    loads: [
      makeChatLoad('len-100', { requests: 200, concurrency: 2, chunks: 100 }),
      makeChatLoad('len-1000', { requests: 20, concurrency: 2, chunks: 1_000 }),
      makeChatLoad('len-10000', { requests: 2, concurrency: 2, chunks: 10_000 }),
    ],
  },
  streams: {
    title: '1, 100 and 1,000 streams of 40 chunks at a time',
    shows: ['cpuPerChunk', 'streamsPerSecond'],
    growth: true,
    loads: [
      makeChatLoad('streams-1', { requests: 200, concurrency: 1, chunks: 40 }),
      makeChatLoad('streams-100', { requests: 400, concurrency: 100, chunks: 40 }),
      makeChatLoad('streams-1000', { requests: 1_000, concurrency: 1_000, chunks: 40, startsPerSecond: 4_000 }),
    ],
  },
  slow: {
    title: '1,000 streams at a time, 4 chunks a second each',
    shows: ['cpuPerChunk', 'tokenP50'],
    loads: [makeChatLoad('slow', { requests: 1_000, concurrency: 1_000, chunks: 24, rate: 4, startsPerSecond: 1_000 })],
  },
  fair: {
    title: 'short completions one after another: alone, and beside 4 long ones as fast as they are taken',
    shows: ['firstTokenP50', 'firstTokenP99'],
    loads: [
      makeChatLoad('fair-alone', { requests: 200, concurrency: 1, chunks: 5 }),
      makeChatLoad('fair-beside', {
        requests: 200,
        concurrency: 1,
        chunks: 5,
        beside: makeChatLoad('flood', { requests: 1_000_000_000, concurrency: 4, chunks: 5_000 }),
      }),
    ],
  },
};

/**
 * The load before anything is measured: enough for V8 to compile the target's code, which takes some thousand requests.
 * @type {readonly Load[]}
 */
export const WARM_UP = [
  makeChatLoad('warm-up', { requests: 1_500, concurrency: 8, chunks: 5 }),
  makeChatLoad('warm-up', { requests: 24, concurrency: 8, chunks: 300 }),
  makeChatLoad('warm-up', { requests: 50, concurrency: 50, chunks: 50, rate: 50 }),
  makeStreamingLoad('warm-up', { requests: 24, concurrency: 4, chunks: 100, pieces: 200 }),
];

/**
 * The same load with fewer requests, to see whether all works: its figures say little.
 * @param {Load} load
 * @returns {Load}
 */
export function reduceLoad(load) {
  const less = (count, least) => Math.min(count, Math.max(least, Math.ceil(count / 5)));
  return { ...load, requests: less(load.requests, 2), concurrency: less(load.concurrency, 2) };
}
