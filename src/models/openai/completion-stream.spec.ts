import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { Cancellation } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import type { CallControls, ModelResult } from '../chat-model.js';
import { CompletionStream } from './completion-stream.js';
import { ResponseBody } from './transport/index.js';

const CONTROLS: CallControls = {
  signal: new Cancellation(),
  noteIdentity: () => undefined,
  canWait: () => true,
  noteRequestId: () => undefined,
  noteRetry: () => undefined,
  noteUsage: () => undefined,
};

/** A completion with a body that the test feeds. */
function openCompletion(): { body: ResponseBody; batches: AsyncGenerator<readonly Delta[], ModelResult, void> } {
  const body = new ResponseBody({ pause: () => undefined, resume: () => undefined });
  const options = {
    request: async () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body, text: '' }),
    controls: CONTROLS,
    limits: { firstTokenTimeoutMs: 1_000, idleTimeoutMs: 1_000, maxCompletionLength: 1_000_000 },
    habit: { endsInSilence: false },
    unknown: { add: () => undefined },
    clock: new FakeClock(),
  };
  return { body, batches: new CompletionStream(options, []).read() };
}

const event = (content: string): string => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
async function pullText(batches: AsyncGenerator<readonly Delta[], ModelResult, void>): Promise<string> {
  const { value } = await batches.next();
  if ('finishReason' in value) throw new Error('the completion is over');
  return value.map((delta) => (delta.type === 'content' ? delta.text : '')).join('');
}

describe('CompletionStream', () => {
  it('yields the deltas of one read as one batch', async () => {
    const { body, batches } = openCompletion();
    body.push(Buffer.from(event('a') + event('b')));
    expect(await pullText(batches)).toBe('ab');
  });

  it('gives way to others between the parts of a large read, and loses nothing', async () => {
    const { body, batches } = openCompletion();
    const words = Array.from({ length: 2_000 }, (_, index) => `wörd${index} `);
    body.push(Buffer.from(words.map(event).join('')));
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const texts: string[] = [];
    const turnOfText: number[] = [];
    while (texts.join('').length < words.join('').length) {
      texts.push(await pullText(batches));
      turnOfText.push(turns);
    }
    clearImmediate(next);
    expect(texts.join('')).toBe(words.join(''));
    expect(texts.length).toBeGreaterThan(10);
    // At most what 16 kB of events hold.
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThan(4_000);
    // Each part has a turn of its own.
    expect(new Set(turnOfText).size).toBe(texts.length);
  });

  it('continues while an upstream sends only comments for a long time', async () => {
    const { body, batches } = openCompletion();
    const text = pullText(batches);
    for (let i = 0; i < 1_000; i++) {
      body.push(Buffer.from(': still at it\n\n'));
      await Promise.resolve();
    }
    body.push(Buffer.from(event('done')));
    expect(await text).toBe('done');
  });
});
