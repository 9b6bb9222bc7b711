import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { SseParser, SseTooLongError } from './sse-parser.js';

type Event = readonly [data: string, name: string];

function parse(reads: readonly Uint8Array[], lineLimit = 1_000_000): readonly Event[] {
  const events: Event[] = [];
  const parser = new SseParser((data, name) => events.push([data, name]), lineLimit);
  for (const bytes of reads) parser.push(bytes);
  parser.end();
  return events;
}

const toBytes = (text: string): Uint8Array => Buffer.from(text);
const readData = (text: string): readonly string[] => parse([toBytes(text)]).map(([data]) => data);

/** Any text of one line that UTF-8 can express. */
const line = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n\ufeff]/g, ''));
const noise = fc.oneof(
  line.map((text) => `:${text}`),
  line.map((text) => `id: ${text}`),
  fc.constantFrom('retry: 5', 'unknown', 'datax: y', 'data : y', ': data: y'),
);
const event = fc.record({
  lines: fc.array(fc.record({ text: line, spaced: fc.boolean() }), { minLength: 1, maxLength: 3 }),
  name: fc.option(fc.constantFrom('error', 'message', 'thread.run')),
  noise: fc.array(noise, { maxLength: 2 }),
  blanks: fc.integer({ min: 1, max: 3 }),
});
const stream = fc.record({
  events: fc.array(event, { maxLength: 4 }),
  /** Used by turns, so that the kinds of line ends are mixed. */
  lineEnds: fc.array(fc.constantFrom('\n', '\r', '\r\n'), { minLength: 1, maxLength: 4 }),
  byteOrderMark: fc.boolean(),
  lastBlank: fc.boolean(),
});

type Stream = typeof stream extends fc.Arbitrary<infer T> ? T : never;

function encodeStream({ events, lineEnds, byteOrderMark, lastBlank }: Stream): Uint8Array {
  let last = '';
  const endLine = (text: string, i: number): string => {
    const end = lineEnds[i % lineEnds.length] ?? '\n';
    // An empty line's LF right after a CR would be one line end with it.
    last = text === '' && last === '\r' && end === '\n' ? '\r' : end;
    return text + last;
  };
  const lines = events.flatMap(({ lines: data, name, noise: rest, blanks }) => [
    ...rest,
    ...(name === null ? [] : [`event: ${name}`]),
    // A value that begins with a space needs the space before it.
    ...data.map(({ text, spaced }) => `data:${spaced || text.startsWith(' ') ? ' ' : ''}${text}`),
    ...Array.from({ length: blanks }, () => ''),
  ]);
  if (!lastBlank) while (lines.at(-1) === '') lines.pop();
  const unended = lastBlank ? '' : (lines.pop() ?? '');
  return toBytes((byteOrderMark ? '\ufeff' : '') + lines.map(endLine).join('') + unended);
}

const listEvents = ({ events }: Stream): readonly Event[] =>
  events.map(({ lines, name }) => [lines.map(({ text }) => text).join('\n'), name ?? '']);

describe('SseParser', () => {
  it('reads every event of any stream, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (given, places) => {
        const bytes = encodeStream(given);
        const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const reads = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(parse(reads)).toEqual(listEvents(given));
      }),
      { numRuns: 500 },
    );
  });

  it('reads the same byte by byte, and cut in two at every byte', () => {
    const bytes = toBytes(
      '\ufeffdata: Grüße 🦀\r\n: note\r\ndata:日本\r\n\r\nevent: x\rdata: {"a":"é"}\r\rdata: [DONE]\n\n',
    );
    const whole: readonly Event[] = [
      ['Grüße 🦀\n日本', ''],
      ['{"a":"é"}', 'x'],
      ['[DONE]', ''],
    ];
    expect(parse([bytes])).toEqual(whole);
    expect(parse(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    for (let i = 0; i <= bytes.length; i++) {
      expect(parse([bytes.subarray(0, i), new Uint8Array(), bytes.subarray(i)])).toEqual(whole);
    }
  });

  it('removes one space after the colon, and no more', () => {
    expect(readData('data:a\n\ndata: b\n\ndata:  c \n\ndata:\td\n\n')).toEqual(['a', 'b', ' c ', '\td']);
  });

  it('joins several data lines, also empty ones and those without a colon', () => {
    expect(readData('data: a\ndata:\ndata\ndata: b\n\n')).toEqual(['a\n\n\nb']);
  });

  it('gives an event with empty data, as the standard says, but none without data', () => {
    expect(readData('data:\n\n')).toEqual(['']);
    expect(readData('event: ping\n\n: comment\n\nid: 7\n\n\n\n')).toEqual([]);
  });

  it('forgets the name of an event at its end', () => {
    expect(parse([toBytes('event: a\n\ndata: x\n\nevent:b\ndata: y\n\ndata: z\n\n')])).toEqual([
      ['x', ''],
      ['y', 'b'],
      ['z', ''],
    ]);
  });

  it('removes the byte order mark only at the start', () => {
    expect(readData('\ufeffdata: \ufeffa\n\n\ufeffdata: b\n\ndata: c\n\n')).toEqual(['\ufeffa', 'c']);
  });

  it('takes a CR that ends a read and an LF that begins the next for one line end', () => {
    expect(parse(['data: a\r', '\n', '\r', '\ndata: b\r', '\r'].map(toBytes))).toEqual([
      ['a', ''],
      ['b', ''],
    ]);
  });

  it('takes a CR in the middle of a read for a line end of its own', () => {
    expect(parse(['data: a\rdata: b', '\n\n'].map(toBytes))).toEqual([['a\nb', '']]);
  });

  it('reads bytes that are no UTF-8 as replacement characters, and continues', () => {
    const broken = Buffer.concat([toBytes('data: a'), Buffer.of(0xff, 0xc3), toBytes('b\n\ndata: c\n\n')]);
    expect(parse([broken]).map(([data]) => data)).toEqual(['a\ufffd\ufffdb', 'c']);
  });

  it('reads one long line that comes in many small reads', () => {
    const text = '🦀é'.repeat(40_000);
    const bytes = toBytes(`data: ${text}\n\n`);
    const reads = Array.from({ length: Math.ceil(bytes.length / 5) }, (_, i) => bytes.subarray(i * 5, i * 5 + 5));
    expect(parse(reads)).toEqual([[text, '']]);
  });

  it('stops a line that does not end', () => {
    const limit = 1_000;
    const parser = new SseParser(() => undefined, limit);
    for (let sent = 0; sent < limit; sent += 10) parser.push(toBytes('0123456789'));
    expect(() => parser.push(toBytes('x'))).toThrow(SseTooLongError);
  });

  it('stops a line that is too long although one read brings its end', () => {
    const parser = new SseParser(() => undefined, 1_000);
    expect(() => parser.push(toBytes(`: ${'x'.repeat(1_000)}\n\n`))).toThrow(SseTooLongError);
    const completed = new SseParser(() => undefined, 1_000);
    completed.push(toBytes(`data: ${'x'.repeat(900)}`));
    expect(() => completed.push(toBytes(`${'x'.repeat(200)}\n\n`))).toThrow(SseTooLongError);
  });

  it.each(['data: 0123456789\n', 'data\n', 'data:\n'])(
    'stops an event that is made of lines %j without end',
    (line) => {
      const parser = new SseParser(() => undefined, 1_000);
      expect(() => {
        for (let lines = 0; lines < 1_002; lines++) parser.push(toBytes(line));
      }).toThrow(SseTooLongError);
    },
  );

  it('stops an event whose lines take more memory than their text', () => {
    const limit = 100_000;
    const pushAll = (bytes: string, times: number): void => {
      const parser = new SseParser(() => undefined, limit);
      for (let i = 0; i < times; i++) parser.push(toBytes(bytes));
    };
    expect(() => pushAll('data:\n'.repeat(1_000), 2)).toThrow(SseTooLongError);
    // A short line keeps the text that it was cut from.
    expect(() => pushAll(`data: 0123456789\n:${'x'.repeat(10_000)}\n`, 12)).toThrow(SseTooLongError);
    expect(() => pushAll('data: 1\ndata: 2\n\n', 10_000)).not.toThrow();
    expect(() => pushAll('data:\n'.repeat(1_000), 1)).not.toThrow();
  });

  it('gives the events before one that is too long', () => {
    const events: string[] = [];
    const parser = new SseParser((data) => events.push(data), 10);
    expect(() => parser.push(toBytes('data: a\n\ndata: 123456\ndata: 123456\n\n'))).toThrow(SseTooLongError);
    expect(events).toEqual(['a']);
  });

  it('limits lines and events, not streams', () => {
    const reads = Array.from({ length: 100 }, (_, i) => toBytes(`data: ${i}\n\n`));
    expect(parse(reads, 20)).toHaveLength(100);
  });

  it('gives events as soon as their blank line is there, and keeps nothing for the end', () => {
    const events: string[] = [];
    const parser = new SseParser((data) => events.push(data), 1_000);
    parser.push(toBytes('data: a\n\ndata: b\n'));
    expect(events).toEqual(['a']);
    parser.push(toBytes('\n'));
    expect(events).toEqual(['a', 'b']);
    parser.end();
    expect(events).toEqual(['a', 'b']);
  });

  it('passes on what its reader throws, after the events before it', () => {
    const events: string[] = [];
    const parser = new SseParser((data) => {
      if (data === 'bad') throw new Error('no more');
      events.push(data);
    }, 1_000);
    expect(() => parser.push(toBytes('data: a\n\ndata: bad\n\ndata: c\n\n'))).toThrow('no more');
    expect(events).toEqual(['a']);
  });
});
