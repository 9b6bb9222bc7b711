/** What the parts of the bench of durable runs do with runs, over HTTP as any client would. */
import { setTimeout as delay } from 'node:timers/promises';
import { writeMessage } from '../order.mjs';

/** Most runs that are asked for at the same time. */
const AT_ONCE = 50;

/**
 * @typedef {{ chunks: number, rate: number, hold?: boolean }} Order tokens of a run, how many come in a second, held
 * halfway or not
 */

/** Where runs of a target are. */
export function makeRunsUrl({ url }) {
  return url.replace(/chat\/completions$/, 'runs');
}

/**
 * @param {Order} order
 * @param {Record<string, unknown>} [more] of the body
 * @returns {Promise<string[]>} the ids of the runs
 */
export async function beginRuns(target, count, { chunks, rate, hold = false }, more = {}) {
  const body = JSON.stringify({ model: 'chat', input: writeMessage({ chunks, pieces: 0, rate, hold }), ...more });
  const ids = [];
  const begin = async () => {
    const response = await fetch(makeRunsUrl(target), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
    ids.push((await response.json()).id);
  };
  while (ids.length < count) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - ids.length) }, begin));
  return ids;
}

/** Waits until the database has enough runs of a status, and polls so rarely that it does not count. */
export async function waitForRuns(client, status, isThere) {
  for (;;) {
    const { rows } = await client.query('select count(*)::int as count from millrace.runs where status = any($1)', [
      status,
    ]);
    if (isThere(rows[0].count)) return;
    await delay(100);
  }
}

/** Waits until all runs of the database have ended. @throws Error if one has failed */
export async function finishRuns(client) {
  await waitForRuns(client, ['queued', 'running'], (count) => count === 0);
  const { rows } = await client.query("select count(*)::int as count from millrace.runs where status = 'failed'");
  if (rows[0].count > 0) throw new Error(`${rows[0].count} runs have failed`);
}

/**
 * Reads the events of a run until there are no more, or `see` returns a value.
 * @returns {Promise<unknown>} that value
 */
export async function readEvents(target, id, see) {
  const abort = new AbortController();
  const { body } = await fetch(`${makeRunsUrl(target)}/${id}/events`, { signal: abort.signal });
  let rest = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = line.startsWith('data: {') ? see(JSON.parse(line.slice(6))) : undefined;
      if (found === undefined) continue;
      abort.abort();
      return found;
    }
  }
  return undefined;
}
