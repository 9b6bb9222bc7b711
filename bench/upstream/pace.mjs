import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Frames in one write of a completion without a rate: clients read several tokens at a time from a model this fast. */
const BATCH = 10;

/**
 * Fraction of the interval by which each completion starts later than the one before, so that they do not write at the
 * same moments.
 */
const STAGGER = 0.618;
let phase = 0;

/**
 * Writes frames to a response at a rate, or as fast as they are taken. Ends early if the reader leaves.
 * @param {import('node:http').ServerResponse} response
 * @param {{ rate: number, from: number, to: number, frame: (index: number) => string }} frames `from` up to, without,
 * `to`
 */
export async function writeFrames(response, { rate, from, to, frame }) {
  if (rate === 0) await writeFast(response, from, to, frame);
  else await writePaced(response, from, to, frame, 1_000 / rate);
}

async function writeFast(response, from, to, frame) {
  for (let index = from; index < to && !response.destroyed;) {
    let text = '';
    for (const end = Math.min(to, index + BATCH); index < end; index++) text += frame(index);
    if (!response.write(text)) await waitForDrain(response);
    await nextTurn();
  }
}

async function writePaced(response, from, to, frame, intervalMs) {
  phase = (phase + STAGGER) % 1;
  const start = performance.now() + phase * intervalMs;
  for (let index = from; index < to && !response.destroyed;) {
    const wait = start + (index - from) * intervalMs - performance.now();
    if (wait > 0) await delay(wait);
    else if (!response.write(frame(index++))) await waitForDrain(response);
  }
}

async function waitForDrain(response) {
  const left = new AbortController();
  const { signal } = left;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    left.abort(),
  );
}
