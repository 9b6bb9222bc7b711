import { once } from 'node:events';
import { WebSocket } from 'undici';
import { eventually } from './eventually.js';

interface ScriptParsed {
  readonly url: string;
  readonly sourceMapURL: string;
}

interface Location {
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly error?: unknown;
}

/** A minimal debugger, which uses Node's inspector over its WebSocket. Lines and columns start at 0. */
export class Inspector {
  readonly #scripts: ScriptParsed[] = [];
  readonly #pauses: Location[] = [];
  readonly #replies = new Map<number, Message>();
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Message));
  }

  /**
   * Attaches to a process.
   * @param address as the process prints it, `ws://…`
   */
  static async open(address: string): Promise<Inspector> {
    const socket = new WebSocket(address);
    await once(socket, 'open');
    const inspector = new Inspector(socket);
    await inspector.call('Debugger.enable');
    return inspector;
  }

  /** @throws Error if it is refused */
  async call(method: string, params: object = {}): Promise<void> {
    const id = ++this.#calls;
    this.#socket.send(JSON.stringify({ id, method, params }));
    const reply = await eventually(() => this.#replies.get(id), { message: `the reply to ${method}` });
    if (reply.error !== undefined) throw new Error(`${method} was refused: ${JSON.stringify(reply.error)}`);
  }

  /** The script of a file that has been loaded. */
  findScript(name: string): Promise<ScriptParsed> {
    return eventually(() => this.#scripts.find(({ url }) => url.endsWith(`/${name}`)), {
      message: `the script ${name}`,
    });
  }

  /** Waits until the process stops at a breakpoint, and returns the place. */
  pause(): Promise<Location> {
    return eventually(() => this.#pauses.shift(), { message: 'a stop at a breakpoint' });
  }

  close(): void {
    this.#socket.close();
  }

  #take({ id, method, params, error }: Message): void {
    if (id !== undefined) this.#replies.set(id, { id, error });
    if (method === 'Debugger.scriptParsed') this.#scripts.push(params as ScriptParsed);
    if (method === 'Debugger.paused') {
      const { callFrames } = params as { readonly callFrames: readonly { readonly location: Location }[] };
      if (callFrames[0] !== undefined) this.#pauses.push(callFrames[0].location);
    }
  }
}
