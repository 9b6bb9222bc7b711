import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type CapturedField, TraceMask } from '../trace-mask.js';
import { Capture } from './capture.js';

const capture = (options: Partial<ConstructorParameters<typeof Capture>[0]> = {}): Capture =>
  new Capture({ content: true, limit: 1_000, mask: undefined, ...options });

describe('Capture', () => {
  it('keeps a text as it is, and anything else as JSON', () => {
    expect(capture().captureContent('{"a": 1}', 'input')).toBe('{"a": 1}');
    expect(capture().captureContent('', 'output')).toBe('');
    expect(capture().captureContent({ a: [1] }, 'input')).toBe('{"a":[1]}');
    expect(capture().captureContent(null, 'output')).toBe('null');
    expect(capture().captureContent(undefined, 'output')).toBeUndefined();
  });

  it('keeps a value as it was when captured', () => {
    const value = { a: 1 };
    const text = capture().captureContent(value, 'input');
    value.a = 2;
    expect(text).toBe('{"a":1}');
  });

  it('cuts texts at the limit, between characters, and says how much', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 200 }), (text, limit) => {
        fc.pre(!text.includes('data:'));
        const kept = capture({ limit }).captureContent(text, 'input') ?? '';
        const fits = Buffer.byteLength(text) <= limit;
        const [, beginning = '', cut, of] = fits
          ? [kept, kept, '0', `${text.length}`]
          : (/^(.*)…\[(\d+) of (\d+) characters cut off\]$/s.exec(kept) ?? []);
        expect(text.startsWith(beginning)).toBe(true);
        expect([Number(of), Number(cut)]).toEqual([text.length, text.length - beginning.length]);
        expect(Buffer.byteLength(beginning)).toBeLessThanOrEqual(limit);
        // The next character would not have fitted.
        expect(Buffer.byteLength(beginning)).toBeGreaterThan(fits ? -1 : limit - 4);
      }),
    );
  });

  it('takes as long for ten megabytes as for the part that it keeps', () => {
    const huge = { text: 'x'.repeat(10_000_000), list: Array.from({ length: 1_000 }, () => 'y'.repeat(10_000)) };
    const started = performance.now();
    for (let i = 0; i < 20; i++) capture({ limit: 10_000 }).captureContent(huge, 'input');
    const bounded = performance.now() - started;
    const startedWhole = performance.now();
    JSON.stringify(huge);
    expect(bounded / 20).toBeLessThan(performance.now() - startedWhole);
  });

  it('replaces media in texts by their type and size', () => {
    expect(capture().captureContent(`a data:audio/wav;base64,${'A'.repeat(400)} b`, 'output')).toBe(
      'a <audio/wav, about 300 bytes> b',
    );
  });

  describe('secrets', () => {
    const secret = ['glpat', '-4f9a8b7c6d5e4f3a2b1c'].join('');

    it('are taken out of texts, and of JSON at any depth and by the names of keys', () => {
      expect(capture().captureContent(`It is ${secret}.`, 'input')).toBe('It is [redacted].');
      expect(
        capture().captureContent({ a: [secret], password: 'correct horse', key_points: ['org_structure'] }, 'input'),
      ).toBe('{"a":["[redacted]"],"password":"[redacted]","key_points":["org_structure"]}');
      expect(capture().captureContent({ [secret]: 1 }, 'output')).toBe('{"[redacted]":1}');
    });

    it('are taken out of metadata, events, status messages and parameters', () => {
      expect(capture().captureFacts({ note: secret }, 'metadata')).toEqual({ note: '[redacted]' });
      expect(capture().captureFacts({ note: secret }, 'event')).toEqual({ note: '[redacted]' });
      expect(capture().captureStatus(`x: ${secret}`)).toBe('x: [redacted]');
      expect(capture().splitParameters({ stop: [secret] }).parameters).toEqual({ stop: ['[redacted]'] });
    });

    it('are removed before the cut, so that no half of one is kept', () => {
      const half = secret.slice(0, 10);
      const long = `${'The key is '.repeat(5)}${secret}${' and so on'.repeat(2_000)}`;
      for (let limit = 40; limit < 140; limit++) {
        expect(capture({ limit }).captureContent(long, 'output')).not.toContain(half);
        expect(capture({ limit }).captureContent({ a: { b: long } }, 'input')).not.toContain(half);
        expect(capture({ limit }).captureContent({ a: `"\n"`.repeat(8) + secret }, 'input')).not.toContain(half);
      }
    });

    it('are hidden from the mask of an application, which sees the rest', () => {
      const mask = { mask: (text: string) => text.replace('Ada', '<name>') };
      expect(capture({ mask }).captureContent(`Ada: ${secret}`, 'input')).toBe('<name>: [redacted]');
    });
  });

  describe('without content', () => {
    const without = capture({ content: false });

    it('holds no input and no output', () => {
      expect(without.captureContent('secret', 'input')).toBeUndefined();
      expect(without.captureContent({ a: 1 }, 'output')).toBeUndefined();
    });

    it("keeps numbers and the server's own words in metadata and events", () => {
      const facts = {
        run_id: 'chatcmpl-1',
        model: 'gpt-5.4-mini',
        attempt: 1,
        streamed: true,
        topic: 'secret',
        model_note: 'secret',
        type: 'my secret is here',
        tools: [{ name: 'secret' }],
        reason: 'rate_limit_exceeded: upstream status 429, type -, code -',
      };
      expect(without.captureFacts(facts, 'metadata')).toEqual({
        run_id: 'chatcmpl-1',
        model: 'gpt-5.4-mini',
        attempt: '1',
        streamed: 'true',
        reason: 'rate_limit_exceeded: upstream status 429, type -, code -',
      });
    });

    it.each([
      ['upstream_error: upstream status 500, type server_error, code -', 'upstream_error: status 500'],
      ['aborted: client_disconnected', 'aborted: client_disconnected'],
      ['aborted', 'aborted'],
      ['upstream_timeout: -', 'upstream_timeout'],
      ['Error: the tool said secret', 'Error'],
      ['invalid_value: secret', 'invalid_value'],
      ['secret words without a colon', 'secret'],
      ['¡secret!', '<not captured>'],
    ])('reduces the status "%s" to "%s"', (message, held) => {
      expect(without.captureStatus(message)).toBe(held);
    });

    it('keeps parameters that are numbers or words from a fixed list', () => {
      const all = { temperature: 0.5, stop: ['secret'], user: 'secret', reasoning_effort: 'low', tools: [{}], seed: 3 };
      expect(without.splitParameters(all)).toEqual({
        parameters: { temperature: 0.5, reasoning_effort: 'low', seed: 3 },
        others: {},
      });
    });
  });

  it('splits simple parameters from nested ones', () => {
    const format = { type: 'json_schema' };
    expect(
      capture().splitParameters({ temperature: 1, stop: ['a'], response_format: format, n: undefined, x: null }),
    ).toEqual({
      parameters: { temperature: 1, stop: ['a'] },
      others: { response_format: format },
    });
  });

  describe('with a mask', () => {
    class Mask extends TraceMask {
      readonly fields: CapturedField[] = [];

      override mask(value: string, field: CapturedField): string {
        this.fields.push(field);
        return value.replaceAll('secret', '***');
      }
    }

    it('masks every text once', () => {
      const mask = new Mask();
      const masked = capture({ mask });
      expect([
        masked.captureContent({ a: 'secret' }, 'input'),
        masked.captureContent('secret', 'output'),
        masked.captureFacts({ a: 'secret', b: { c: 'secret' } }, 'metadata'),
        masked.captureFacts({ a: 'secret' }, 'event'),
        masked.captureStatus('x: secret'),
        masked.splitParameters({ stop: ['secret'] }).parameters,
      ]).toEqual(['{"a":"***"}', '***', { a: '***', b: '{"c":"***"}' }, { a: '***' }, 'x: ***', { stop: ['***'] }]);
      expect(mask.fields).toEqual(['input', 'output', 'metadata', 'metadata', 'event', 'statusMessage', 'metadata']);
    });

    it.each([
      [
        'throws',
        () => {
          throw new Error('secret');
        },
      ],
      ['returns no text', () => undefined as never],
    ])('keeps nothing if the mask %s', (_, mask: () => string) => {
      expect(capture({ mask: { mask } }).captureContent('secret', 'input')).toBe('<masking failed>');
    });
  });
});
