import { afterEach, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { stripFrames, followResponse, readStream } from '../support/background-client.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { openResponse, readResponseStream } from '../support/responses-client.js';
import type { SseItem } from '../support/sse-frames.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

let bench: Bench;
afterEach(() => bench.close());

const has =
  (text: string) =>
  (item: SseItem): boolean =>
    item.kind === 'data' && (item.event === text || item.data.includes(text));

it('a response in the background shows life once a minute, by events that every reader gets under the same numbers', async () => {
  const clock = new FakeClock(Date.now());
  bench = await Bench.start({ clock, env: { UPSTREAM_IDLE_TIMEOUT_MS: '600000' } });
  const door = gate();
  bench.upstream.next(scriptStream(['Hi', door, '!']));
  const stream = await openResponse(bench.app, { background: true });
  await eventually(async () => {
    await clock.advanceAsync(25);
    return stream.items.some(has('"delta":"Hi"'));
  });
  for (let seconds = 0; seconds < 130; seconds += 5) await clock.advanceAsync(5_000);
  await eventually(() => stream.items.filter(has('response.in_progress')).length === 3);
  door.open();
  const ended = stream.collect();
  await eventually(async () => {
    await clock.advanceAsync(25);
    return stream.items.some(has('[DONE]'));
  });
  const told = readResponseStream(await ended);
  const { text } = await followResponse(bench.app, told.response.id);
  // A later reader gets the same events for the silent minutes, without waiting.
  expect(readStream(text).events).toEqual(told.events);
  expect(stripFrames(text).match(/^event: response\.in_progress$/gm)).toHaveLength(3);
});
