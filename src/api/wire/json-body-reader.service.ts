import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Request } from 'express';
import { BodyMemory, type Caller, type RequestAdmission } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError } from '../../errors/index.js';
import { assertClientPresent, readBytes } from '../../http/index.js';
import { type AbortNotice, Clock, isJsonObject, type JsonLimits, type JsonObject } from '../../kernel/index.js';
import { HeavyWork } from './heavy-work.js';
import { makeJsonError, parseJson, scanJson } from './json/index.js';

/**
 * Bytes of memory that one byte of a body takes while it is read, parsed and run: the byte itself, or two bytes of text
 * (if there are characters beyond Latin-1) each time that it is decoded, parsed and sent to a model.
 */
const MEMORY_FOR_BYTE = 4;
/**
 * Bytes of memory that a value takes beside its text. The largest measured value is 145, for objects with distinct
 * names.
 */
const MEMORY_FOR_VALUE = 160;

/** Bytes for which memory is reserved first if the request does not announce the length of its body. */
const UNANNOUNCED_BYTES = 64 * 1024;

/** Most bytes of a body of a few values. */
const SMALL_BYTES = 16 * 1024;
/** Above either of these, parsing takes milliseconds. */
const HEAVY = { values: 1_000, bytes: 256 * 1024 } as const;

/** Most levels of objects and arrays, the body included: writing them again takes stack for each level. */
const DEEPEST = 500;

const JSON_TYPES = ['application/json', 'application/*+json'];
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;
const UTF_8 = /^(utf-?8|us-ascii)$/i;

/** The facts about a body in the head of its request. */
export interface BodyHead {
  /** Its length in bytes; undefined if not announced. */
  readonly bytes: number | undefined;
}

/** A body that was read and scanned, but not parsed yet. */
interface ReadBody {
  readonly bytes: Buffer;
  /** How many values it has. */
  readonly values: number;
}

/**
 * Reads the JSON of a request within its limits: the size, the memory of all bodies, and the number of values.
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
   * Reads what the head of a request says about its body.
   * @returns undefined if there is no body
   * @throws UnsupportedMediaTypeError if the body is not plain JSON in UTF-8, PayloadTooLargeError if it is too large
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
        'This server does not read compressed or otherwise encoded bodies. Send the body as it is, without Content-Encoding.',
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
   * Reads a body once there is memory for it. The end of the admission releases the memory.
   * @param signal aborts when the client leaves
   * @returns undefined if the body is empty
   * @throws PayloadTooLargeError, InvalidRequestError (too many values, too deep, an integer that would change), a
   *   RunAbortedError if the client leaves, and what {@link BodyMemory.take} throws
   */
  async read(
    request: Request,
    head: BodyHead,
    caller: Caller,
    admission: RequestAdmission,
    signal: AbortNotice,
  ): Promise<ReadBody | undefined> {
    const expected = head.bytes ?? Math.min(UNANNOUNCED_BYTES, this.#mostBytes);
    const share = await this.memory.take(caller, this.#estimateMost(expected), signal);
    admission.hold(share);
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
        return share.resize(this.#estimateMost(this.#mostBytes), signal);
      },
    });
    if (share.hasWaited) await assertClientPresent(request, this.clock, signal);
    if (bytes.length === 0) return undefined;
    const values = scanJson(bytes, this.#limits);
    if (typeof values !== 'number') throw makeJsonError(bytes, values, this.#limits);
    // This is never more than before, so it never waits.
    await share.resize(estimateMemory(bytes.length, values), signal);
    return { bytes, values };
  }

  /**
   * Parses a body: at once, or in its turn if parsing takes long.
   * @param signal aborts when the client leaves
   * @throws InvalidRequestError if it is not JSON; the promise rejects with the signal's reason if the client has left
   *   by then
   */
  parse({ bytes, values }: ReadBody, signal: AbortNotice): unknown {
    const isHeavy = values > HEAVY.values || bytes.length > HEAVY.bytes;
    return isHeavy ? this.#heavy.do(() => parseUnlessAborted(bytes, signal)) : parseJson(bytes);
  }

  /**
   * Reads and parses a body of a few values, for which no memory is reserved.
   * @param signal aborts when the client leaves
   * @param mostBytes of the body
   * @returns undefined if there is none
   * @throws as {@link readHead}, {@link read} and {@link parse} do; InvalidRequestError if it is not an object
   */
  async readSmall(request: Request, signal: AbortNotice, mostBytes = SMALL_BYTES): Promise<JsonObject | undefined> {
    const head = this.readHead(request);
    if (head === undefined) return undefined;
    const assertSmall = (size: number): undefined => {
      if (size > mostBytes) throw new PayloadTooLargeError(`${mostBytes / 1024}kb`);
    };
    assertSmall(head.bytes ?? 0);
    const { clock, config } = this;
    const idleMs = config.server.bodyTimeoutMs;
    const bytes = await readBytes(request, { announced: head.bytes, signal, clock, idleMs, mayGrowTo: assertSmall });
    if (bytes.length === 0) return undefined;
    const values = scanJson(bytes, this.#limits);
    if (typeof values !== 'number') throw makeJsonError(bytes, values, this.#limits);
    const body = parseJson(bytes);
    if (!isJsonObject(body)) throw new InvalidRequestError('The request body must be a JSON object, or be left out.');
    return body;
  }

  /**
   * The most memory that a body of this size can take: each value takes at least one byte and one to separate it from
   * the next.
   */
  #estimateMost(bytes: number): number {
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

function parseUnlessAborted(bytes: Buffer, signal: AbortNotice): unknown {
  if (signal.aborted) throw signal.reason;
  return parseJson(bytes);
}

function estimateMemory(bytes: number, values: number): number {
  return MEMORY_FOR_BYTE * bytes + MEMORY_FOR_VALUE * values;
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)}mb`;
}
