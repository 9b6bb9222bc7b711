import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** The diagnostics channels on which Node reports requests before it sends them: those of `fetch` and `node:http`. */
const FETCH = 'undici:client:beforeConnect';
const HTTP = 'http.client.request.start';
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/;

/**
 * Watches the hosts to which this process sends requests. Client packages can have telemetry, update checks and default
 * addresses; with this, a test shows that such a package only used the loopback interface.
 */
export class NetworkWatch {
  readonly #foreign = new Set<string>();

  private constructor() {
    subscribe(FETCH, this.#onFetch);
    subscribe(HTTP, this.#onHttp);
  }

  static start(): NetworkWatch {
    return new NetworkWatch();
  }

  /**
   * Ends the watch.
   * @throws Error that lists every other host for which a request was made
   */
  stop(): void {
    unsubscribe(FETCH, this.#onFetch);
    unsubscribe(HTTP, this.#onHttp);
    if (this.#foreign.size > 0) {
      throw new Error(`Requests left the loopback interface, to ${[...this.#foreign].join(', ')}`);
    }
  }

  readonly #onFetch = (message: unknown): void =>
    this.#note((message as { connectParams: { hostname: string } }).connectParams.hostname);

  readonly #onHttp = (message: unknown): void => this.#note((message as { request: { host: string } }).request.host);

  #note(host: string): void {
    if (!LOOPBACK.test(host)) this.#foreign.add(host);
  }
}
