import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { type ChatRefs, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { Bench } from '../support/app.js';
import { assertCompletion, readChunks } from '../support/chunks.js';
import type { SseItem } from '../support/sse-frames.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { delay, done, finish, reasoning, role, text, together } from '../support/upstream/steps.js';
import { makeWorkflowsModule, SpeakNode } from '../support/workflow-kit.js';

const words = (count: number): string[] => Array.from({ length: count }, (_, i) => `w${i} `);

/** Arrival times of the chunks with text, in milliseconds from the first one. */
function arrivals(items: readonly SseItem[]): number[] {
  const at = items.filter((item) => item.kind === 'data' && /"content":"[^"]/.test(item.data)).map((item) => item.at);
  return at.map((time) => time - (at[0] ?? 0));
}

function textChunks(items: readonly SseItem[]): number {
  return readChunks(items).filter(({ choices }) => (choices[0]?.delta.content ?? '') !== '').length;
}

@Injectable()
class EagerNode extends SpeakNode {
  override readonly debounceMs = 0;
}

@Workflow({ id: 'eager', description: 'A node with a window of its own' })
class EagerWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(EagerNode, { messages, prompt: 'eager' });
  }
}

describe('debounce', () => {
  let bench: Bench;
  afterEach(() => bench.close());

  const run = async (model: string): Promise<readonly SseItem[]> => (await bench.open({ model })).collect();

  it('sends the first delta at once and joins those that come within the window', async () => {
    bench = await Bench.start({ env: { STREAM_DEBOUNCE_MS: '200' } });
    bench.upstream.next([
      role(),
      text('a'),
      delay(20),
      text('b'),
      delay(20),
      text('c'),
      delay(400),
      text('d'),
      finish('stop'),
      done(),
    ]);
    const items = await run('chat');
    assertCompletion(items, { content: 'abcd' });
    expect(
      readChunks(items)
        .map(({ choices }) => choices[0]?.delta.content)
        .filter(Boolean),
    ).toEqual(['a', 'bc', 'd']);
  });

  it('does not starve under a steady flow, and sends at most one event per window', async () => {
    bench = await Bench.start({ env: { STREAM_DEBOUNCE_MS: '50' } });
    bench.upstream.next(scriptStream(words(60).flatMap((word) => [word, delay(5)])));
    const items = await run('chat');
    assertCompletion(items, { content: words(60).join('') });
    const times = arrivals(items);
    expect(times.length).toBeGreaterThan(3);
    // The last event is the flush at the end, which may come early. Timers and sockets shift the others slightly.
    times.slice(1, -1).forEach((time, i) => expect(time - (times[i] ?? 0)).toBeGreaterThan(35));
  });

  it('joins a burst that comes in one read', async () => {
    bench = await Bench.start();
    bench.upstream.next([role(), together(...words(50).map((word) => text(word))), finish('stop'), done()]);
    const items = await run('chat');
    assertCompletion(items, { content: words(50).join('') });
    expect(textChunks(items)).toBeLessThan(10);
  });

  it('sends every piece on its own when it is switched off', async () => {
    bench = await Bench.start({ env: { STREAM_DEBOUNCE_MS: '0' } });
    bench.upstream.next([role(), together(...words(50).map((word) => text(word))), finish('stop'), done()]);
    const items = await run('chat');
    assertCompletion(items, { content: words(50).join('') });
    expect(textChunks(items)).toBe(50);
  });

  it("follows a node's own window", async () => {
    bench = await Bench.start({
      env: { STREAM_DEBOUNCE_MS: '200' },
      imports: [makeWorkflowsModule(EagerWorkflow, EagerNode)],
    });
    bench.upstream.next([role(), together(...words(50).map((word) => text(word))), finish('stop'), done()]);
    const items = await run('eager');
    assertCompletion(items, { content: words(50).join('') });
    expect(textChunks(items)).toBe(50);
  });

  it('sends what it holds before another channel begins', async () => {
    bench = await Bench.start({ env: { STREAM_DEBOUNCE_MS: '5000' } });
    bench.upstream.next([
      role(),
      together(reasoning('a'), reasoning('b'), reasoning('c'), text('d'), text('e')),
      finish('stop'),
      done(),
    ]);
    const items = await run('chat');
    assertCompletion(items, { reasoning: 'abc', content: 'de' });
  });

  it('sends what it holds before an error', async () => {
    bench = await Bench.start({ env: { STREAM_DEBOUNCE_MS: '5000' } });
    bench.upstream.next([role(), text('a'), delay(10), text('b'), delay(10), done()]);
    const items = await run('chat');
    const texts = items.filter((item) => item.kind === 'data').map((item) => item.data);
    expect(texts.findIndex((data) => data.includes('"content":"b"'))).toBeGreaterThan(0);
    expect(texts.findIndex((data) => data.includes('"error"'))).toBe(texts.length - 2);
  });
});
