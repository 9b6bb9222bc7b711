import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { expect } from '@jest/globals';

/** The requests of a client to `POST /v1/responses`, turn by turn, with positions in place of ids. */
type RecordedConversation = readonly JsonBody[];
type JsonBody = Readonly<Record<string, unknown>>;

/** Ids of this server: of responses, and of the items in them. */
const ID = /\b(resp|msg|rs|fc|ctc)_[0-9a-f]{24,}\b/g;
/** Ids that clients make, which are new in each run. */
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** The longest text that a fixture keeps whole. Longer ones are a client's instructions or descriptions of its tools or machine. */
const LONGEST_TEXT = 48;
/** The number of characters that a fixture keeps of longer texts: too few to reveal anything about the machine. */
const BEGINNING = 20;
const FOLDER = new URL('../fixtures/responses/', import.meta.url);

/** Notes the bodies of all requests for responses that a server gets, whichever client sends them. */
export class BodyWatch {
  readonly #bodies: JsonBody[] = [];
  /** The ids that the server has assigned, in their order. */
  readonly #ids = new Set<string>();

  constructor(server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.method !== 'POST' || request.url !== '/v1/responses') return;
      this.#watchBody(request);
      this.#watchIds(response);
    });
  }

  /**
   * Checks the bodies against the fixture of this name, so that the fixture stays what the client really sends. With
   * `RECORD_CLIENTS=1` in the environment, this writes the fixture anew.
   * @param but names of parameters that differ between machines
   */
  expectFixture(client: string, but: readonly string[] = []): void {
    const sent = nameIds(this.#bodies, [...this.#ids]);
    if (process.env['RECORD_CLIENTS'] === '1') writeFileSync(fixtureUrl(client), `${JSON.stringify(sent, null, 2)}\n`);
    const pickCompared = (bodies: RecordedConversation): unknown =>
      bodies.map((body) => Object.fromEntries(Object.entries(body).filter(([name]) => !but.includes(name))));
    expect(pickCompared(sent)).toEqual(pickCompared(readRecordedConversation(client)));
  }

  #watchBody(request: IncomingMessage): void {
    const pieces: Buffer[] = [];
    const emit = request.emit.bind(request);
    // A listener for `data` would start the flow of the body before the server is ready for it.
    request.emit = ((event: string, ...args: unknown[]): boolean => {
      if (event === 'data') pieces.push(args[0] as Buffer);
      if (event === 'end') this.#bodies.push(JSON.parse(Buffer.concat(pieces).toString()) as JsonBody);
      return emit(event, ...args);
    }) as typeof request.emit;
  }

  /** Notes the ids in what the server writes: each call writes whole frames or a whole object. */
  #watchIds(response: ServerResponse): void {
    const look = (bytes: unknown): void => {
      if (typeof bytes !== 'string' && !Buffer.isBuffer(bytes)) return;
      for (const [id] of String(bytes).matchAll(ID)) this.#ids.add(id);
    };
    const write = response.write.bind(response) as (...args: unknown[]) => boolean;
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    response.write = (...args: unknown[]): boolean => {
      look(args[0]);
      return write(...args);
    };
    response.end = (...args: unknown[]): ServerResponse => {
      look(args[0]);
      return end(...args);
    };
  }
}

/** Names of all fixtures. */
export function listConversations(): readonly string[] {
  return readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
}

/**
 * The fixture of a client.
 * @throws Error with code ENOENT if there is none: the client's own spec records it, with `RECORD_CLIENTS=1`
 */
export function readRecordedConversation(client: string): RecordedConversation {
  return JSON.parse(readFileSync(fixtureUrl(client), 'utf8')) as RecordedConversation;
}

/**
 * A body of a fixture with the ids of the server's responses so far.
 * @param ids in the order in which the server assigned them
 * @throws Error if the body names an id that the server did not assign
 */
export function fillIds(body: JsonBody, ids: readonly string[]): JsonBody {
  return JSON.parse(
    JSON.stringify(body).replace(/<(resp|msg|rs|fc|ctc) (\d+)>/g, (_, prefix: string, place: string) => {
      const id = ids.filter((known) => known.startsWith(`${prefix}_`))[Number(place) - 1];
      if (id === undefined) throw new Error(`The server gave no id for <${prefix} ${place}>.`);
      return id;
    }),
  ) as JsonBody;
}

function nameIds(bodies: readonly JsonBody[], ids: readonly string[]): RecordedConversation {
  const name = (id: string, prefix: string): string => {
    const place = ids.filter((known) => known.startsWith(`${prefix}_`)).indexOf(id);
    return place === -1 ? id : `<${prefix} ${place + 1}>`;
  };
  const others: string[] = [];
  const count = (id: string): string => {
    if (!others.includes(id)) others.push(id);
    return `<uuid ${others.indexOf(id) + 1}>`;
  };
  return JSON.parse(JSON.stringify(bodies).replace(ID, name).replace(UUID, count), (_, value: unknown) =>
    typeof value === 'string' && value.length > LONGEST_TEXT ? `${value.slice(0, BEGINNING)}…` : value,
  ) as RecordedConversation;
}

function fixtureUrl(client: string): URL {
  return new URL(`${client}.json`, FOLDER);
}
