import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { TestApp } from './app.js';
import { within } from './eventually.js';
import { getJson, postJson } from './http-client.js';
import { CHAT } from './messages.js';
import { type RawResponse, readRawResponses } from './raw-http.js';
import { assertValidError } from './wire-schema.js';

/** An ordinary request, from which tests make others. */

/** Texts that reveal the machine or the code: paths, stacks, and addresses of modules. */
export const INSIDE = /node_modules|file:\/\/|\bat \S+ \(|\.[jt]s:\d|\/(src|dist|home|root|usr)\//;

/** The response refuses with one of these statuses, in OpenAI's form, and reveals nothing internal. */
export function expectRefused(
  { status, body }: { readonly status: number; readonly body: string },
  expected: readonly number[],
): void {
  expect(expected).toContain(status);
  assertValidError(JSON.parse(body));
  expect(body).not.toMatch(INSIDE);
}

/** A client that writes arbitrary bytes to its own application. */
export class HostileClient {
  readonly #sockets: Socket[] = [];

  private constructor(readonly app: TestApp) {}

  static async start(): Promise<HostileClient> {
    const env = { DEMO_TOKENS_PER_SECOND: '0', MAX_EVENT_LOOP_DELAY_MS: '0', LOG_LEVEL: 'error' };
    return new HostileClient(await TestApp.start({ env }));
  }

  open(url = this.app.url): Socket {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    this.#sockets.push(socket);
    return socket;
  }

  /** Writes bytes, and reads until the server closes the connection. */
  async exchange(bytes: string | Buffer): Promise<readonly RawResponse[]> {
    const socket = this.open();
    socket.write(bytes);
    return readRawResponses(await within(readText(socket), { within: 8_000, message: 'the end of the connection' }));
  }

  /** Writes bytes, and reads the only response. */
  async readResponse(bytes: string | Buffer): Promise<RawResponse> {
    const [first, ...others] = await this.exchange(bytes);
    if (first === undefined || others.length > 0) throw new Error(`Expected one response, got ${others.length + 1}`);
    return first;
  }

  /** Closes all connections, and checks that the application still works and that nothing is left of the requests. */
  async leaveUnharmed(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    expect((await getJson(`${this.app.url}/health/live`)).status).toBe(200);
    expect((await postJson(this.app.chatUrl, CHAT)).status).toBe(200);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}
