import type { Page } from 'playwright-core';

/** The fields of an event in a page. */
interface SeenEvent {
  /** `message` if the event has no name. */
  readonly type: string;
  /** The id that the browser sends when it reconnects. */
  readonly id: string;
  readonly data: string;
}

/** An EventSource in a page, and the events that it received. */
export class WatchedSource {
  private constructor(
    private readonly page: Page,
    private readonly name: string,
  ) {}

  /**
   * Lets a page open one.
   * @param types names of the events that the page listens to
   */
  static async open(page: Page, url: string, types: readonly string[]): Promise<WatchedSource> {
    const name = `source-${url}`;
    await page.evaluate(
      `(([name, url, types]) => {
        const source = new EventSource(url);
        const events = [];
        // A fault of the connection is an event without data.
        const take = ({ type, lastEventId: id, data }) => { if (data !== undefined) events.push({ type, id, data }); };
        for (const type of types) source.addEventListener(type, take);
        window[name] = { source, events };
      })(${JSON.stringify([name, url, types])})`,
    );
    return new WatchedSource(page, name);
  }

  readonly events = (): Promise<readonly SeenEvent[]> => this.page.evaluate(`${this.#place()}.events`);

  /** Whether the browser has stopped, and does not reconnect. */
  readonly hasStopped = (): Promise<boolean> => this.page.evaluate(`${this.#place()}.source.readyState === 2`);

  /** All data so far. */
  readonly text = async (): Promise<string> => (await this.events()).map(({ data }) => data).join('\n');

  #place(): string {
    return `window[${JSON.stringify(this.name)}]`;
  }
}

/** The events that a whole stream holds, by the rules that browsers follow. */
export function readEventStream(stream: string): readonly SeenEvent[] {
  let id = '';
  return stream.split('\n\n').flatMap((frame): SeenEvent[] => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, 'm').exec(frame)?.[1];
    id = field('id') ?? id;
    const data = field('data');
    return data === undefined ? [] : [{ type: field('event') ?? 'message', id, data }];
  });
}
