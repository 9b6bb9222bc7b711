import { getJson, type HttpResponse, postJson, readResponse, send } from './http-client.js';
import { FrameReader, type SseItem } from './sse-frames.js';
import { eventually } from './eventually.js';

type App = { readonly baseUrl: string };
type Headers = Readonly<Record<string, string>>;

/** The fields of a run that tests read. */
export interface WireRun {
  readonly id: string;
  readonly status: string;
  readonly output: string | null;
  readonly [field: string]: unknown;
}

/** One event of a run. */
interface WireRunEvent {
  readonly type: string;
  readonly n: number;
  readonly at: number;
  readonly [field: string]: unknown;
}

/** The URL of a run, or of all runs. */
export function runUrl({ baseUrl }: App, rest = ''): string {
  return `${baseUrl}/runs${rest === '' ? '' : `/${rest}`}`;
}

/** Requests a run, by default of the workflow `chat`. */
export function askRun(app: App, body: object = {}, headers: Headers = {}): Promise<HttpResponse> {
  const conversation = 'messages' in body || 'input' in body ? {} : { input: 'Hello' };
  return postJson(runUrl(app), { model: 'chat', ...conversation, ...body }, headers);
}

/** Starts a run, which must succeed. */
export async function beginRun(app: App, body: object = {}, headers: Headers = {}): Promise<WireRun> {
  const { status, text, json } = await askRun(app, body, headers);
  if (status !== 202) throw new Error(`${status}: ${text}`);
  return json as WireRun;
}

/** Gets the current state of a run. */
export async function readRun(app: App, id: string, headers: Headers = {}): Promise<WireRun> {
  const { status, text, json } = await getJson(runUrl(app, id), headers);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return json as WireRun;
}

/** Sends a request without a body to the routes of runs, and returns any response. */
export async function callRun(
  app: App,
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  path: string,
  headers: Headers = {},
  body?: unknown,
): Promise<HttpResponse> {
  return readResponse(await send(method, runUrl(app, path), body, { headers }).response);
}

/** Waits until a run has ended. Each transfer to another process takes some seconds. */
export async function endRun(app: App, id: string, headers: Headers = {}): Promise<WireRun> {
  let run: WireRun | undefined;
  await eventually(
    async () => {
      run = await readRun(app, id, headers);
      return !['queued', 'running'].includes(run.status);
    },
    { within: 25_000, message: 'the run to end' },
  );
  return run!;
}

/** Reads the stream of a run to its end. */
export async function followRun(app: App, id: string, query = '', headers: Headers = {}): Promise<HttpResponse> {
  return getJson(runUrl(app, `${id}/events${query}`), headers);
}

/**
 * The events of a stream, whose names and ids are checked.
 * @throws Error if the stream is not well-formed
 */
export function readEvents(stream: string): readonly WireRunEvent[] {
  const ids = [...stream.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  const reader = new FrameReader();
  const bare = stream.replaceAll(/^(?:id|retry): \d+\n/gm, '');
  const items: SseItem[] = [...reader.push(Buffer.from(bare), 0)];
  reader.end();
  const events = items.flatMap((item) => (item.kind === 'data' ? [item.json as WireRunEvent] : []));
  if (JSON.stringify(events.map(({ n }) => n)) !== JSON.stringify(ids)) throw new Error('An id is not the number n');
  return events;
}

/** The joined content of the deltas among some events. */
export function joinContent(events: readonly WireRunEvent[]): string {
  return events
    .flatMap(({ delta }) => (delta === undefined ? [] : [delta as { readonly type: string; readonly text: string }]))
    .map(({ type, text }) => (type === 'content' ? text : ''))
    .join('');
}
