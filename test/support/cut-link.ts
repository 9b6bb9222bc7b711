import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server on this machine, which can be cut as networks are. */
export class CutLink {
  /** How many connections were cut by {@link cutAnswerTo}. */
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
   * The next request that has these words reaches the server; its answer never comes, and its connection ends.
   * @param after words of an earlier request, or the same, on that connection
   */
  cutAnswerTo(words: string, after = words): void {
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
    let hasLostAnswer = false;
    let hasComeTo: string | undefined;
    client.on('data', (bytes) => {
      const { words, after } = this.#cutAt ?? {};
      if (after !== undefined && bytes.includes(after)) hasComeTo = after;
      if (words !== undefined && hasComeTo === after && bytes.includes(words)) {
        this.#cutAt = undefined;
        hasLostAnswer = true;
      }
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (!hasLostAnswer) {
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
