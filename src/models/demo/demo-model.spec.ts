import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { FakeClock } from '../../../test/support/fake-clock.js';
import type { Delta } from '../../streaming/index.js';
import type { CallControls, ModelIdentity, ModelParameters, ModelResult } from '../chat-model.js';
import type { Message } from '../message.js';
import type { Usage } from '../usage.js';
import { DemoModel } from './demo-model.js';

/** Records what a call reports. */
class Report implements CallControls {
  readonly usages: Usage[] = [];
  readonly identities: ModelIdentity[] = [];
  constructor(readonly signal: AbortSignal = new AbortController().signal) {}

  canWait(): boolean {
    return true;
  }

  noteRequestId(): void {
    throw new Error('The demo asks nobody');
  }

  noteRetry(): void {
    throw new Error('The demo never tries again');
  }

  noteIdentity(identity: ModelIdentity): void {
    this.identities.push(identity);
  }

  noteUsage(usage: Usage): void {
    this.usages.push(usage);
  }
}

type Stream = AsyncGenerator<readonly Delta[], ModelResult, void>;

function ask(
  content: string | Message[],
  {
    parameters = {},
    report = new Report(),
    clock = new FakeClock(),
    tokensPerSecond = 0,
  }: { parameters?: ModelParameters; report?: Report; clock?: FakeClock; tokensPerSecond?: number } = {},
): Stream {
  const messages: Message[] = typeof content === 'string' ? [{ role: 'user', content }] : content;
  return new DemoModel(tokensPerSecond, clock).stream({ model: 'gpt-5.4-mini', messages, parameters }, report);
}

async function readAll(stream: Stream): Promise<{ batches: (readonly Delta[])[]; result: ModelResult; text: string }> {
  const batches: (readonly Delta[])[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done) return { batches, result: next.value, text: batches.flat().map(readText).join('') };
    batches.push(next.value);
  }
}

function readText(delta: Delta): string {
  return delta.type === 'tool-call' ? delta.arguments : 'text' in delta ? delta.text : '';
}

describe('DemoModel', () => {
  it('streams token by token, names itself, and counts tokens', async () => {
    const report = new Report();
    const { batches, result, text } = await readAll(ask('count to 5', { report }));
    expect(text).toBe('1, 2, 3, 4, 5.');
    expect(batches.flat().map(readText)).toEqual([
      '1',
      ',',
      ' ',
      '2',
      ',',
      ' ',
      '3',
      ',',
      ' ',
      '4',
      ',',
      ' ',
      '5',
      '.',
    ]);
    expect(result).toEqual({ finishReason: 'stop' });
    expect(report.identities).toEqual([{ model: 'millrace-demo', systemFingerprint: 'millrace-demo' }]);
    expect(report.usages).toEqual([{ prompt_tokens: 8, completion_tokens: 14, total_tokens: 22 }]);
  });

  it('names itself before the first delta', async () => {
    const report = new Report();
    const stream = ask('Hello', { report });
    await stream.next();
    expect(report.identities).toHaveLength(1);
    await stream.return({ finishReason: 'stop' });
  });

  it.each([
    'A word, and 1234567 others.',
    '  a\n\n\tb ',
    'Donaudampfschifffahrt 漢字 🦖👩‍👩‍👧🇩🇪 e\u0301',
    '{"a":[1,-2.5]}',
  ])('sends all of %p, in small pieces', async (said) => {
    const { batches, text } = await readAll(ask(`Say ${said}`));
    expect(text.trim()).toBe(said.trim());
    for (const piece of batches.flat().map(readText)) expect(piece.length).toBeLessThanOrEqual(13);
  });

  it('reads megabytes of any text in the time that their length takes', async () => {
    for (const part of ['a', ' ', '1+', 'not ', 'count to ', '"', 'my name is ', 'a@b.', '-1', 'Ä']) {
      const startedAt = performance.now();
      await readAll(ask(part.repeat(2_000_000)));
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });

  it.each(['max_completion_tokens', 'max_tokens'])('keeps to %s', async (name) => {
    const report = new Report();
    const { result, text } = await readAll(ask('count to 5', { report, parameters: { [name]: 4 } }));
    expect(text).toBe('1, 2');
    expect(result).toEqual({ finishReason: 'length' });
    expect(report.usages.at(-1)).toMatchObject({ completion_tokens: 4 });
  });

  it('keeps to stop, even across tokens', async () => {
    const { result, text } = await readAll(ask('count to 5', { parameters: { stop: ['9', ', 4,'] } }));
    expect(text).toBe('1, 2, 3');
    expect(result).toEqual({ finishReason: 'stop' });
  });

  it('cuts JSON at the limit, as a model does', async () => {
    const parameters = { response_format: { type: 'json_object' }, max_completion_tokens: 3 };
    const { result, text } = await readAll(ask('count to 5', { parameters }));
    expect(text).toBe('{"reply');
    expect(result).toEqual({ finishReason: 'length' });
  });

  it('calls a tool in pieces', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const parameters = {
      tools: [{ type: 'function', function: { name: 'get_weather', parameters: schema } }],
      tool_choice: 'required',
    };
    const { batches, result, text } = await readAll(ask('Paris', { parameters }));
    const [first, ...others] = batches.flat();
    expect(first).toEqual({ type: 'tool-call', index: 0, id: 'call_demo_1', name: 'get_weather', arguments: '' });
    expect(others.length).toBeGreaterThan(1);
    for (const delta of others) expect(Object.keys(delta).toSorted()).toEqual(['arguments', 'index', 'type']);
    expect(JSON.parse(text)).toEqual({ city: 'Paris' });
    expect(result).toEqual({ finishReason: 'tool_calls' });
  });

  it('fails with a 400 before the first delta if no instance of a schema can be made', async () => {
    const report = new Report();
    const parameters = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: false } } };
    await expect(ask('Hello', { parameters, report }).next()).rejects.toMatchObject({
      status: 400,
      param: 'response_format',
    });
    expect(report.identities).toEqual([]);
  });

  it('leaves the request as it was', async () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
      return value;
    };
    const schema = { type: 'object', properties: { reply: { type: 'string' } }, required: ['reply'] };
    const parameters = freeze({
      stop: ['x'],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    await readAll(ask(freeze<Message[]>([{ role: 'user', content: 'count to 3' }]), { parameters }));
  });

  describe('at a human pace', () => {
    it('gives one token at a time, the first at once', async () => {
      const clock = new FakeClock();
      const stream = ask('count to 5', { clock, tokensPerSecond: 20 });
      expect(await stream.next()).toEqual({ done: false, value: [{ type: 'content', text: '1' }] });
      let next: IteratorResult<readonly Delta[], ModelResult> | undefined;
      void stream.next().then((result) => (next = result));
      await clock.advanceAsync(49);
      expect(next).toBeUndefined();
      await clock.advanceAsync(1);
      expect(next).toEqual({ done: false, value: [{ type: 'content', text: ',' }] });
      await stream.return({ finishReason: 'stop' });
      expect(clock.pending).toBe(0);
    });

    it('takes as long as its rate demands', async () => {
      const clock = new FakeClock();
      const stream = ask('count to 5', { clock, tokensPerSecond: 20 });
      await stream.next();
      let tokens = 1;
      const rest = (async () => {
        while ((await stream.next()).done !== true) tokens++;
      })();
      await clock.advanceAsync(12 * 50);
      expect(tokens).toBe(13);
      await clock.advanceAsync(50);
      await rest;
      expect(tokens).toBe(14);
    });

    it('sets no timer while nobody reads', async () => {
      const clock = new FakeClock();
      const stream = ask('count to 5', { clock, tokensPerSecond: 20 });
      await stream.next();
      expect(clock.pending).toBe(0);
      await stream.return({ finishReason: 'stop' });
    });
  });

  describe('when aborted', () => {
    const reason = new Error('the client has left');

    it('ends at once with the reason, reports what it has given, and leaves nothing behind', async () => {
      const controller = new AbortController();
      const clock = new FakeClock();
      const report = new Report(controller.signal);
      const stream = ask('count to 5', { clock, report, tokensPerSecond: 1 });
      await stream.next();
      const next = stream.next();
      await clock.advanceAsync(1);
      expect(clock.pending).toBe(1);
      controller.abort(reason);
      await expect(next).rejects.toBe(reason);
      expect(report.usages).toEqual([{ prompt_tokens: 8, completion_tokens: 1, total_tokens: 9 }]);
      expect(clock.pending).toBe(0);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    it('does nothing for a request that is over before it begins', async () => {
      const report = new Report(AbortSignal.abort(reason));
      await expect(ask('Hello', { report }).next()).rejects.toBe(reason);
      expect(report.usages).toEqual([]);
    });

    it.each([0, 20])(
      'ends while it prepares its output, and between two reads (%p tokens per second)',
      async (tokensPerSecond) => {
        for (const reads of [0, 1]) {
          const controller = new AbortController();
          const stream = ask('count to 50', { report: new Report(controller.signal), tokensPerSecond });
          for (let read = 0; read < reads; read++) await stream.next();
          const next = reads === 0 ? stream.next() : undefined;
          controller.abort(reason);
          await expect(next ?? stream.next()).rejects.toBe(reason);
          expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
        }
      },
    );

    it('ends although it runs at full speed', async () => {
      const controller = new AbortController();
      const stream = ask('count to 1000', { report: new Report(controller.signal) });
      await stream.next();
      setImmediate(() => controller.abort(reason));
      await expect(readAll(stream)).rejects.toBe(reason);
    });
  });

  it('reports its usage when its reader leaves early', async () => {
    const report = new Report();
    const stream = ask('count to 50', { report });
    const { value } = await stream.next();
    await stream.return({ finishReason: 'stop' });
    expect(report.usages).toEqual([{ prompt_tokens: 8, completion_tokens: 16, total_tokens: 24 }]);
    expect(value).toHaveLength(16);
  });

  it('keeps streams apart that cut the same emoji at the same time', async () => {
    const clock = new FakeClock();
    const text = '🦖👩‍👩‍👧漢字🇩🇪';
    const readers = [0, 1, 2].map(() => readAll(ask(`Say ${text}`, { clock, tokensPerSecond: 100 })));
    for (let ms = 0; ms < 1000; ms += 10) await clock.advanceAsync(10);
    for (const { text: said } of await Promise.all(readers)) expect(said).toBe(text);
  });

  it('gives way to other requests at full speed', async () => {
    const stream = ask('count to 1000');
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const { batches } = await readAll(stream);
    counting = false;
    expect(turns).toBeGreaterThan(batches.length / 2);
  });
});
