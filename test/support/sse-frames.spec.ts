import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { FrameReader, FramingError, type SseItem } from './sse-frames.js';

function read(...pieces: readonly (string | Uint8Array)[]): SseItem[] {
  const reader = new FrameReader();
  const items = pieces.flatMap((piece) => [...reader.push(Buffer.from(piece), 7)]);
  reader.end();
  return items;
}

describe('FrameReader', () => {
  it('reads data, comments and [DONE]', () => {
    expect(read('data: {"a":1}\n\n: hello\n\ndata: [DONE]\n\n')).toEqual([
      { kind: 'data', data: '{"a":1}', json: { a: 1 }, at: 7 },
      { kind: 'comment', text: 'hello', at: 7 },
      { kind: 'data', data: '[DONE]', json: undefined, at: 7 },
    ]);
    expect(read('event: a\ndata: {"type":"a"}\n\n')).toEqual([
      { kind: 'data', event: 'a', data: '{"type":"a"}', json: { type: 'a' }, at: 7 },
    ]);
    expect(read('retry: 2000\nid: 3\ndata: 1\n\nid: 4\nevent: a\ndata: {"type":"a"}\n\n')).toMatchObject([
      { kind: 'data', id: '3', data: '1' },
      { kind: 'data', id: '4', event: 'a' },
    ]);
  });

  it('gives the same items however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.array(fc.nat(), { maxLength: 20 }), (texts, cuts) => {
        const stream = Buffer.from(texts.map((text) => `data: ${JSON.stringify(text)}\n\n`).join(''));
        const at = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
        const pieces = at.slice(1).map((end, i) => stream.subarray(at[i], end));
        expect(read(...pieces).map((item) => item.kind === 'data' && item.json)).toEqual(texts);
      }),
    );
  });

  it.each([
    ['bytes after [DONE]', 'data: [DONE]\n\n\n', 'after [DONE]'],
    ['an event name that is no type', 'event: message\ndata: 1\n\n', 'not its type'],
    ['a named comment', 'event: a\n: b\n\n', 'comment'],
    ['a comment with an id', 'id: 1\n: b\n\n', 'comment'],
    ['an id that is not a number', 'id: a\ndata: 1\n\n', 'several lines'],
    ['two data lines', 'data: 1\ndata: 2\n\n', 'several lines'],
    ['an id', 'id: 1\n\n', 'neither'],
    ['data without a space', 'data:1\n\n', 'neither'],
    ['empty data', 'data: \n\n', 'not JSON'],
    ['broken JSON', 'data: {"a":\n\n', 'not JSON'],
    ['CRLF', 'data: 1\r\n\r\n', 'carriage return'],
    ['a leading line end', '\ndata: 1\n\n', 'several lines'],
    ['a line without a blank one, before the frame is complete', 'data: 1\ndata: 2', 'blank line'],
    ['a byte order mark', '\uFEFFdata: 1\n\n', 'neither'],
    ['no blank line at the end', 'data: [DONE]\n', 'inside a frame'],
    ['half a character at the end', Buffer.from('data: "ü').subarray(0, -1), 'UTF-8'],
    ['bytes that are no UTF-8', Buffer.from([0xff]), 'UTF-8'],
  ])('refuses %s', (_, stream, fault) => {
    expect(() => read(stream)).toThrow(fault);
    expect(() => read(...Array.from(Buffer.from(stream), (byte) => Uint8Array.of(byte)))).toThrow(FramingError);
  });
});
