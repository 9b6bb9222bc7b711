import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Request } from 'express';
import { BodyMemory, type Caller, type Permit } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { PayloadTooLargeError, UnsupportedMediaTypeError } from '../../errors/index.js';
import { findWhetherClientIsThere, readBytes } from '../../http/index.js';
import { type AbortNotice, Clock } from '../../kernel/index.js';
import { HeavyWork } from './heavy-work.js';
import { makeJsonError, type JsonLimits, parseJson, scanJson } from './json/index.js';

/**
 * What a byte of a body takes while it is read, parsed and run: the bytes themselves; then, as text that has characters
 * beyond Latin-1 takes two bytes for each, the text, what is parsed of it, and what is sent to a model.
 */
const MEMORY_FOR_BYTE = 4;
/** What a value takes beside its bytes: the most was 145 bytes, for objects with a name each that no other has. */
const MEMORY_FOR_VALUE = 160;

/** Read before its memory is set aside, if nothing announces how long a body is. */
const UNANNOUNCED_BYTES = 64 * 1024;

/** Above this, parsing takes milliseconds. */
const HEAVY = { values: 1_000, bytes: 256 * 1024 } as const;

/** Objects and arrays within each other, the body itself among them: writing them again needs stack for each level. */
const DEEPEST = 500;

const JSON_TYPES = ['application/json', 'application/*+json'];
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
const UTF_8 = /^(utf-?8|us-ascii)$/i;

/** What the head of a request says of its body. */
export interface BodyHead {
  /** Its length in bytes; undefined if that is not announced. */
  readonly bytes: number | undefined;
}

/** A body that was read, and scanned. */
export interface ReadBody {
  readonly bytes: Buffer;
  /** How many values it has. */
  readonly values: number;
}

/**
 * Reads the JSON of a request, within bounds for its size, for the memory of all bodies, and for the values that it holds.
 */
@Injectable()
export class JsonBodyReader implements OnModuleInit {
  readonly #mostBytes: number;
  readonly #limits: JsonLimits;
  readonly #heavy: HeavyWork;

  constructor(
    private readonly config: AppConfig,
    private readonly memory: BodyMemory,
    private readonly clock: Clock,
  ) {
    this.#heavy = new HeavyWork(clock);
    const { maxBodyBytes, maxJsonValues } = config.http;
    this.#mostBytes = Math.min(maxBodyBytes, Math.floor(memory.callerLimit / MEMORY_FOR_BYTE));
    this.#limits = { values: maxJsonValues, depth: DEEPEST };
  }

  onModuleInit(): void {
    if (this.#mostBytes === this.config.http.maxBodyBytes) return;
    new Logger('Bodies').warn(
      `Bodies above ${this.#limit} are refused, though BODY_LIMIT allows more: one takes ${MEMORY_FOR_BYTE} times its size, which must fit into the ${formatMegabytes(this.memory.callerLimit)} that one caller may take. Give Node more memory (--max-old-space-size), or set MAX_BODY_MEMORY.`,
    );
  }

  /**
   * What the head of a request says of its body; undefined if it has none.
   * @throws UnsupportedMediaTypeError if the body is no plain JSON in UTF-8, PayloadTooLargeError if it is too large
   */
  readHead(request: Request): BodyHead | undefined {
    const { 'content-length': length, 'content-encoding': encoding = 'identity' } = request.headers;
    if (length === '0' || (length === undefined && request.headers['transfer-encoding'] === undefined)) {
      return undefined;
    }
    const type = request.headers['content-type'] ?? '';
    if (request.is(JSON_TYPES) === false) {
      throw new UnsupportedMediaTypeError(
        'The body of your request must be JSON: send it with the header Content-Type: application/json.',
      );
    }
    if (encoding.toLowerCase() !== 'identity') {
      throw new UnsupportedMediaTypeError(
        'Compressed bodies are not read here, nor other encodings. Send the body as it is, without Content-Encoding.',
      );
    }
    const [, charset = 'utf-8'] = CHARSET.exec(type) ?? [];
    if (!UTF_8.test(charset)) {
      throw new UnsupportedMediaTypeError('The charset of the request is not supported. Send the body as UTF-8.');
    }
    if (length === undefined) return { bytes: undefined };
    this.#assertFits(Number(length));
    return { bytes: Number(length) };
  }

  /**
   * Reads a body, when there is memory for it; the permit gives that back when it ends.
   * @param signal of the client that leaves
   * @returns undefined if it is empty
   * @throws PayloadTooLargeError, InvalidRequestError (no JSON, too many values, too deep, an integer that would become
   *   another one), a RunAbortedError if the client leaves, and what {@link BodyMemory.take} throws
   */
  async read(
    request: Request,
    head: BodyHead,
    caller: Caller,
    permit: Permit,
    signal: AbortNotice,
  ): Promise<ReadBody | undefined> {
    const expected = head.bytes ?? Math.min(UNANNOUNCED_BYTES, this.#mostBytes);
    const taken = this.memory.take(caller, this.#most(expected), signal);
    const share = taken instanceof Promise ? await taken : taken;
    permit.holds(share);
    let isWhole = head.bytes !== undefined;
    const bytes = await readBytes(request, {
      announced: head.bytes,
      signal,
      clock: this.clock,
      idleMs: this.config.server.bodyTimeoutMs,
      mayGrowTo: (size) => {
        this.#assertFits(size);
        if (isWhole || size <= expected) return undefined;
        isWhole = true;
        return share.resize(this.#most(this.#mostBytes), signal);
      },
    });
    if (taken instanceof Promise) await findWhetherClientIsThere(request, this.clock, signal);
    if (bytes.length === 0) return undefined;
    const values = scanJson(bytes, this.#limits);
    if (typeof values !== 'number') throw makeJsonError(bytes, values, this.#limits);
    // Never more than before, so this never waits.
    await share.resize(estimateMemory(bytes.length, values), signal);
    return { bytes, values };
  }

  /**
   * Parses a body: at once, or after others if parsing takes long.
   * @param signal of the client that leaves
   * @throws the promise rejects with the signal's reason if the client has left by its turn
   */
  parse({ bytes, values }: ReadBody, signal: AbortNotice): unknown {
    const isHeavy = values > HEAVY.values || bytes.length > HEAVY.bytes;
    return isHeavy ? this.#heavy.do(() => parseUnlessLeft(bytes, signal)) : parseJson(bytes);
  }

  /** The most memory that so many bytes can take: no value is shorter than a byte and what separates it from the next. */
  #most(bytes: number): number {
    return estimateMemory(bytes, Math.min(Math.ceil(bytes / 2), this.#limits.values));
  }

  get #limit(): string {
    const { maxBodyBytes, bodyLimit } = this.config.http;
    return this.#mostBytes === maxBodyBytes ? bodyLimit : formatMegabytes(this.#mostBytes);
  }

  #assertFits(bytes: number): void {
    if (bytes > this.#mostBytes) throw new PayloadTooLargeError(this.#limit);
  }
}

function parseUnlessLeft(bytes: Buffer, signal: AbortNotice): unknown {
  if (signal.aborted) throw signal.reason;
  return parseJson(bytes);
}

function estimateMemory(bytes: number, values: number): number {
  return MEMORY_FOR_BYTE * bytes + MEMORY_FOR_VALUE * values;
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)}mb`;
}
