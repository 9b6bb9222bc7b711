import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves one page, from an origin of its own. */
export class PageServer {
  private constructor(private readonly server: Server) {}

  static async start(html: string, headers: Readonly<Record<string, string>> = {}): Promise<PageServer> {
    const server = createServer((request, response) => {
      const isPage = request.url === '/';
      response.writeHead(isPage ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', ...headers });
      response.end(isPage ? html : '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server);
  }

  /** As browsers write it: without a slash at the end. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }
}
