import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTP proxy that opens tunnels (`CONNECT`) on the loopback interface. */
export class ForwardProxy {
  /** Host and port of each tunnel, in order. */
  readonly tunnels: string[] = [];
  /** The credentials of each request for a tunnel. */
  readonly credentials: (string | undefined)[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((_, response) => void response.writeHead(405).end());
    this.#server.on('connect', ({ url = '', headers }, client: Socket) => {
      this.tunnels.push(url);
      this.credentials.push(headers['proxy-authorization']);
      const { hostname, port } = new URL(`http://${url}`);
      const target = connect(Number(port), hostname, () => client.write('HTTP/1.1 200 Connected\r\n\r\n'));
      for (const [socket, other] of [
        [client, target],
        [target, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.pipe(other);
        socket.on('error', () => other.destroy()).on('close', () => other.destroy());
      }
    });
  }

  static async start(): Promise<ForwardProxy> {
    const proxy = new ForwardProxy();
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
