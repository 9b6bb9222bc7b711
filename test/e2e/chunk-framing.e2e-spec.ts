import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Bench } from '../support/app.js';
import { within } from '../support/eventually.js';
import { CHAT } from '../support/messages.js';
import { scriptStream } from '../support/upstream/scripts.js';
import { gate } from '../support/upstream/steps.js';

const PIECES = ['Grüße', ' 你好', ' \u{1f600}', ' done'];

/** The raw bytes of one event stream: HTTP clients hide the framing of its body. */
describe('the framing of a streamed body', () => {
  let bench: Bench;
  let socket: Socket;
  let received: Buffer;
  let notify: () => void;
  beforeEach(async () => {
    bench = await Bench.start();
    received = Buffer.alloc(0);
    notify = () => undefined;
    const { hostname, port } = new URL(bench.app.url);
    socket = connect(Number(port), hostname);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      notify();
    });
    socket.on('close', () => notify());
  });
  afterEach(async () => {
    socket.destroy();
    await bench.close();
  });

  const until = (condition: () => boolean): Promise<void> =>
    within(
      new Promise<void>((resolve) => {
        notify = () => {
          if (condition()) resolve();
        };
        notify();
      }),
      { message: 'the response' },
    );
  const ask = (version: string): void => {
    const body = JSON.stringify({ ...CHAT, stream: true });
    socket.write(
      `POST /v1/chat/completions HTTP/${version}\r\nhost: x\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  };
  const readHead = (): string => received.toString('latin1', 0, received.indexOf('\r\n\r\n')).toLowerCase();
  const readBody = (): Buffer => received.subarray(received.indexOf('\r\n\r\n') + 4);
  const textIn = (frames: string): string =>
    [...frames.matchAll(/^data: (\{.*\})$/gm)]
      .map(([, json = '']) => JSON.parse(json) as { choices: { delta: { content?: string } }[] })
      .map(({ choices }) => choices[0]?.delta.content ?? '')
      .join('');

  it('is chunks whose lengths are right, the last one empty, and the connection serves the next request', async () => {
    for (let request = 0; request < 2; request++) {
      received = Buffer.alloc(0);
      const hold = gate();
      bench.upstream.next(scriptStream([...PIECES.slice(0, 2), hold, ...PIECES.slice(2)]));
      ask('1.1');
      // The upstream writes several times. The bytes received so far must be whole chunks.
      await until(() => received.includes('你好'));
      expect(() => chunksIn(readBody())).not.toThrow();
      hold.open();
      await until(() => received.toString('latin1').endsWith('\r\n0\r\n\r\n'));
      expect(readHead()).toMatch(/^http\/1\.1 200 .*\r\ntransfer-encoding: chunked(\r\n|$)/s);
      expect(readHead()).not.toContain('content-length');
      const chunks = chunksIn(readBody());
      const events = chunks.slice(0, -1);
      for (const event of events) expect(event).toMatch(/\n\n$/);
      expect({ text: textIn(events.join('')), ending: events.at(-1), last: chunks.at(-1) }).toEqual({
        text: PIECES.join(''),
        ending: expect.stringMatching(/data: \[DONE\]\n\n$/),
        last: '',
      });
    }
    expect(socket.destroyed).toBe(false);
  });

  it('is absent for a client that speaks HTTP/1.0, where the end of the connection ends the body', async () => {
    bench.upstream.next(scriptStream(PIECES));
    ask('1.0');
    await until(() => socket.closed);
    expect(readHead()).not.toContain('transfer-encoding');
    expect(readHead()).toContain('connection: close');
    const body = readBody().toString();
    expect(body).toMatch(/^(data|:)/);
    expect(textIn(body)).toBe(PIECES.join(''));
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  });
});

/** @throws Error if these are not whole chunks */
function chunksIn(body: Buffer): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf('\r\n', at);
    const length = body.toString('latin1', at, lineEnd);
    if (!/^[\da-f]+$/.test(length)) throw new Error(`No length of a chunk: ${length}`);
    const start = lineEnd + 2;
    const end = start + Number.parseInt(length, 16);
    if (body.toString('latin1', end, end + 2) !== '\r\n') throw new Error(`A chunk is not ${length} long`);
    chunks.push(body.toString('utf8', start, end));
    at = end + 2;
  }
  return chunks;
}
