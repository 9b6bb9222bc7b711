import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { Delta } from '../../streaming/index.js';
import { AnswerReader } from './answer-reader.js';
import { EventBatches } from './event-batches.js';
import { SilenceWatch } from './silence-watch.js';
import { AnswerBody } from './transport/index.js';
import { UpstreamBody } from './upstream-body.js';

/** Batches of a body that the test feeds. */
function made(): { body: AnswerBody; batches: EventBatches } {
  const clock = new FakeClock();
  const body = new AnswerBody({ pause: () => undefined, resume: () => undefined });
  const limits = { idleTimeoutMs: 1_000, maxAnswerLength: 1_000_000 };
  const reader = new AnswerReader({ identity: () => undefined, usage: () => undefined }, limits.maxAnswerLength, {
    add: () => undefined,
  });
  const upstream = new UpstreamBody(body, new SilenceWatch(clock, 1_000));
  return { body, batches: new EventBatches(upstream, reader, limits, { endsInSilence: false }) };
}

const event = (content: string): string => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
const textOf = (batch: readonly Delta[] | undefined): string =>
  (batch ?? []).map((delta) => (delta.type === 'content' ? delta.text : '')).join('');

describe('EventBatches', () => {
  it('gives what one read brought as one batch', async () => {
    const { body, batches } = made();
    body.push(Buffer.from(event('a') + event('b')));
    expect(textOf(await batches.next())).toBe('ab');
  });

  it('leaves the turn to others after a part of a read that brought much, and loses nothing', async () => {
    const { body, batches } = made();
    const words = Array.from({ length: 2_000 }, (_, index) => `wörd${index} `);
    body.push(Buffer.from(words.map(event).join('')));
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const texts: string[] = [];
    const turnsOf: number[] = [];
    while (texts.join('').length < words.join('').length) {
      texts.push(textOf(await batches.next()));
      turnsOf.push(turns);
    }
    clearImmediate(next);
    expect(texts.join('')).toBe(words.join(''));
    expect(texts.length).toBeGreaterThan(10);
    // At most what 16 kB of events hold.
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThan(4_000);
    // Each part has a turn of its own.
    expect(new Set(turnsOf).size).toBe(texts.length);
  });

  it('goes on while an upstream sends nothing but comments for long', async () => {
    const { body, batches } = made();
    const batch = batches.next();
    for (let i = 0; i < 1_000; i++) {
      body.push(Buffer.from(': still at it\n\n'));
      await Promise.resolve();
    }
    body.push(Buffer.from(event('done')));
    expect(textOf(await batch)).toBe('done');
  });
});
