import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ensureError, isJsonObject } from '../../src/kernel/index.js';
import {
  assertValidDeletion,
  assertValidItemList,
  assertValidResponse,
  assertValidResponseEvent,
} from './response-schemas.js';
import {
  assertValidAnsweredWait,
  assertValidInspection,
  assertValidRun,
  assertValidRunEvent,
  assertValidRunList,
  assertValidSchedule,
  assertValidTicket,
} from './run-schemas.js';
import {
  assertValidChunk,
  assertValidCompletion,
  assertValidError,
  assertValidModel,
  assertValidModelList,
} from './wire-schema.js';

/** The largest single write that is checked, in characters. Only tests of floods write more. */
const LARGEST_WRITE = 256 * 1024;

/**
 * Checks every response of a server's OpenAI routes against OpenAI's description, independently of the client: SDKs hide
 * fields that they do not know.
 */
export class ResponseWatch {
  /** The faults, one per line. */
  readonly faults: string[] = [];

  constructor(server: Server) {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith('/v1/') === true && !request.url.includes('/graph')) this.#watch(request, response);
    });
  }

  /** @throws Error that lists every fault, if there are any */
  assertValid(): void {
    if (this.faults.length > 0)
      throw new Error(`Responses do not fit OpenAI's description:\n- ${this.faults.join('\n- ')}`);
  }

  #watch(request: IncomingMessage, response: ServerResponse): void {
    const look = (bytes: unknown): void => {
      if (typeof bytes !== 'string' && !Buffer.isBuffer(bytes)) return;
      const text = String(bytes);
      if (text === '' || text.length > LARGEST_WRITE) return;
      try {
        if (String(response.getHeader('content-type')).startsWith('text/event-stream'))
          checkFrames(withoutChunkFraming(text));
        else if (/^\/v1\/schedules\b/.test(request.url ?? '')) checkSchedules(JSON.parse(text));
        else checkObject(JSON.parse(text));
      } catch (error) {
        this.faults.push(`${request.method} ${request.url}: ${ensureError(error).message}: ${text.slice(0, 300)}`);
      }
    };
    const write = response.write.bind(response) as (...args: unknown[]) => boolean;
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    // Each call writes whole frames or a whole object, so it can be checked on its own.
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

/**
 * The text of a write: without its chunk framing (RFC 9112, section 7.1) if the server framed it itself. No frame of an event
 * stream begins with a number.
 * @throws Error if the framing is wrong
 */
function withoutChunkFraming(text: string): string {
  let payload = '';
  let rest = Buffer.from(text);
  for (;;) {
    const length = /^[\da-f]+(?=\r\n)/i.exec(rest.toString('latin1', 0, 16))?.[0];
    if (length === undefined && payload === '') return text;
    if (length === undefined) throw new Error(`a chunk without its length: ${rest.toString()}`);
    const start = length.length + 2;
    const end = start + Number.parseInt(length, 16);
    if (rest.toString('latin1', end, end + 2) !== '\r\n') throw new Error(`a chunk that is not ${length} long`);
    payload += rest.toString('utf8', start, end);
    rest = rest.subarray(end + 2);
    if (rest.length === 0) return payload;
  }
}

/** A frame with data, which may begin with the fields that browsers use. */
const FRAME = /^(?:retry: \d+\n)?(?:id: \d+\n)?(?:event: (.*)\n)?data: ([^]*)$/;

function checkFrames(text: string): void {
  for (const frame of text.split('\n\n')) {
    if (frame === '' || frame.startsWith(':')) continue;
    const [, name, data = ''] = FRAME.exec(frame) ?? [];
    if (data === '[DONE]') continue;
    const json: unknown = JSON.parse(data);
    if (name !== undefined && !/^(response\.|error$)/.test(name)) assertValidRunEvent(json, name);
    else if (name !== undefined) assertValidResponseEvent(json);
    else if (isJsonObject(json) && 'error' in json) assertValidError(json);
    else assertValidChunk(json);
  }
}

function checkObject(json: unknown): void {
  if (isJsonObject(json) && json['object'] === 'response') {
    if ('deleted' in json) assertValidDeletion(json);
    else assertValidResponse(json);
  } else if (isJsonObject(json) && json['object'] === 'run') {
    if (!('deleted' in json)) assertValidRun(json);
  } else if (isJsonObject(json) && json['object'] === 'run.inspection') assertValidInspection(json);
  else if (isJsonObject(json) && json['object'] === 'run.wait') assertValidAnsweredWait(json);
  else if (isJsonObject(json) && 'has_more' in json) {
    if (isRunList(json)) assertValidRunList(json);
    else assertValidItemList(json);
  } else if (isJsonObject(json) && 'expires_at' in json) assertValidTicket(json);
  else if (!isJsonObject(json) || 'error' in json) assertValidError(json);
  else if (json['object'] === 'list') assertValidModelList(json);
  else if (json['object'] === 'model') assertValidModel(json);
  else assertValidCompletion(json);
}

function checkSchedules(json: unknown): void {
  if (!isJsonObject(json) || 'error' in json) assertValidError(json);
  else if (!('deleted' in json)) assertValidSchedule(json);
}

function isRunList({ data }: Record<string, unknown>): boolean {
  return Array.isArray(data) && isJsonObject(data[0]) && data[0]['object'] === 'run';
}
