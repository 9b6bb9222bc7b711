import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.js';

/** A bare TCP connection. The test decides about every byte, and about the end of the connection. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #isOver = false;

  /** @param url the URL of the server; its path does not matter */
  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    this.#socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#receivedBytes += bytes.length;
    });
    this.#socket.on('error', () => undefined);
    for (const event of ['end', 'close'] as const) this.#socket.once(event, () => (this.#isOver = true));
  }

  /** All received bytes, one character each. */
  get received(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** The number of received bytes. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** True once the connection has ended, in any way. */
  get isOver(): boolean {
    return this.#isOver;
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Waits until this text has arrived. */
  async until(text: string): Promise<void> {
    await eventually(() => this.received.includes(text), { message: `"${text}" on the connection` });
  }

  /** Waits until the server has ended the connection. */
  async untilOver(): Promise<void> {
    await eventually(() => this.#isOver, { message: 'the end of the connection' });
  }

  /** Stops reading. */
  pause(): void {
    this.#socket.pause();
  }

  /** Continues to read. */
  resume(): void {
    this.#socket.resume();
  }

  /** Ends its half of the connection, and continues to read. */
  endHalf(): void {
    this.#socket.end();
  }

  /** Closes the connection in good order, as the system does for a program that ends or is killed. */
  leave(): void {
    this.#socket.destroy();
  }

  /** Resets the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

/** The text of a request on the wire. */
export function writeRawRequest(
  method: string,
  path: string,
  body?: unknown,
  { version = '1.1', headers = [] }: { version?: '1.0' | '1.1'; headers?: readonly string[] } = {},
): string {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const lines = ['host: x', ...headers];
  if (body !== undefined) {
    lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(payload)}`);
  }
  return `${method} ${path} HTTP/${version}\r\n${lines.join('\r\n')}\r\n\r\n${payload}`;
}
