import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy to a server that delays all data, and the end of each connection, in both directions. */
export class SlowLink {
  /** The delay of everything that the server sends from now on, in milliseconds. */
  responseDelayMs: number;
  /** The number of connections that were opened over it. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: { readonly host: string; readonly port: number }, delayMs: number) {
    this.responseDelayMs = delayMs;
    this.#server = createServer({ noDelay: true }, (near) => {
      this.connections++;
      const far = connect({ ...target, noDelay: true });
      this.#forward(near, far, () => delayMs);
      this.#forward(far, near, () => this.responseDelayMs);
    });
  }

  /** @param target `host:port` */
  static async to(target: string, delayMs: number): Promise<SlowLink> {
    const { hostname, port } = new URL(`http://${target}`);
    const link = new SlowLink({ host: hostname, port: Number(port) }, delayMs);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  /** `host:port` at which it listens. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks all connections; new ones work. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #forward(from: Socket, to: Socket, delayMs: () => number): void {
    this.#sockets.add(from);
    from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), delayMs()));
    // Data for a closed socket is lost, as on a real network.
    from.on('error', () => undefined);
    from.once('close', () => {
      this.#sockets.delete(from);
      setTimeout(() => to.destroySoon(), delayMs());
    });
  }
}
