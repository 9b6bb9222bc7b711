import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy to a server on this machine, whose connections can fail like those of a network. */
export class CutLink {
  /** The number of connections that {@link cutResponseTo} has cut. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;
  #cutAt: { readonly words: string; readonly after: string } | undefined;

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, '127.0.0.1');
      this.#join(client, server);
    });
  }

  /** @param target port of the server */
  static async open(target: number): Promise<CutLink> {
    const link = new CutLink(target);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Lets the next request with these words reach the server, and closes its connection instead of delivering the reply.
   * @param after words that must come first on the connection, in an earlier request or the same one
   */
  cutResponseTo(words: string, after = words): void {
    this.#cutAt = { words, after };
  }

  /** Drops all data silently, like a network that drops packets. */
  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Delivers, late, everything that was sent in the meantime. */
  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    let hasLostResponse = false;
    let hasComeTo: string | undefined;
    client.on('data', (bytes) => {
      const { words, after } = this.#cutAt ?? {};
      if (after !== undefined && bytes.includes(after)) hasComeTo = after;
      if (words !== undefined && hasComeTo === after && bytes.includes(words)) {
        this.#cutAt = undefined;
        hasLostResponse = true;
      }
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (!hasLostResponse) {
        client.write(bytes);
        return;
      }
      this.cuts++;
      client.destroy();
      server.destroy();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('end', () => other.end());
      // The other end sees the end of the connection.
      one.on('error', () => other.destroy());
      one.on('close', () => this.#sockets.delete(one));
      if (this.#isFrozen) one.pause();
    }
  }
}
