import { setTimeout as sleep } from 'node:timers/promises';
import { rejectOnAbort, assertNever } from '../../kernel/index.js';
import type { ScriptedResponse } from './scripted-response.js';
import { CompletionBuilder } from './completion-builder.js';
import type { RecordedRequest } from './recorded-request.js';
import { SseEncoder } from './sse-encoder.js';
import { type ContentStep, type EndingStep, type Step, type Style, text } from './steps.js';

const EVENT_STREAM = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
const JSON_BODY = { 'content-type': 'application/json' };
const HTML = { 'content-type': 'text/html; charset=utf-8' };

const ENDINGS: ReadonlySet<string> = new Set<EndingStep['kind']>([
  'stall',
  'reset',
  'hang-up',
  'cut-off',
  'end',
  'http-error',
]);

/**
 * Checks a script.
 * @throws TypeError if steps follow an ending, so that they can never be played
 */
export function assertPlayable(steps: readonly Step[]): void {
  const ending = steps.findIndex(({ kind }) => ENDINGS.has(kind));
  if (ending >= 0 && ending < steps.length - 1) {
    throw new TypeError(`Nothing can follow the step "${steps[ending]?.kind}" of a script`);
  }
}

/**
 * Plays one script as the response to one request: as an event stream, or as one JSON object if the request does not stream.
 */
export class Player {
  readonly #response: ScriptedResponse;
  /** Undefined if the request does not stream. */
  readonly #encoder: SseEncoder | undefined;
  readonly #completion: CompletionBuilder;
  #style: Style = {};

  constructor(response: ScriptedResponse, request: RecordedRequest) {
    this.#response = response;
    this.#encoder = request.body.stream === true ? new SseEncoder(request) : undefined;
    this.#completion = new CompletionBuilder(request);
  }

  /**
   * Plays the steps.
   * @throws Error if the connection closes before the end of the script; then the signal of the response is aborted
   */
  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#play(step);
    if (!ENDINGS.has(steps.at(-1)?.kind ?? '')) await this.#end();
  }

  async #play(step: Step): Promise<void> {
    const { signal } = this.#response;
    switch (step.kind) {
      case 'style':
        this.#style = { ...this.#style, ...step.style };
        return;
      case 'delay':
        await sleep(step.ms, undefined, { signal });
        return;
      case 'wait':
        step.arrive?.();
        await rejectOnAbort(step.until, signal);
        return;
      case 'headers':
        return this.#sendHead(step.status, step.headers);
      case 'together':
        return this.#send(step.steps);
      case 'flood':
        return this.#flood(step.bytes, step.pieceBytes);
      case 'stall':
      case 'reset':
      case 'hang-up':
      case 'cut-off':
      case 'end':
      case 'http-error':
        return this.#finish(step);
      case 'delta':
      case 'chunk':
      case 'usage':
      case 'done':
      case 'comment':
      case 'raw':
        return this.#send([step]);
      default:
        return assertNever(step);
    }
  }

  async #send(steps: readonly ContentStep[]): Promise<void> {
    const encoder = this.#encoder;
    if (encoder === undefined) {
      for (const step of steps) this.#completion.take(step);
      return;
    }
    const bytes = Buffer.concat(steps.map((step) => encoder.encode(step, this.#style)));
    if (bytes.length === 0) return;
    if (!this.#response.hasHead) await this.#sendHead(200, {});
    await this.#response.write(bytes, this.#style.cutEvery);
  }

  async #flood(bytes: number, pieceBytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= pieceBytes) {
      await this.#send([text('x'.repeat(Math.min(left, pieceBytes)))]);
    }
  }

  async #finish(step: EndingStep): Promise<void> {
    switch (step.kind) {
      case 'stall':
        return rejectOnAbort(new Promise<never>(() => undefined), this.#response.signal);
      case 'reset':
      case 'hang-up':
      case 'cut-off':
        this.#response.cut(step.kind);
        return;
      case 'end':
        return this.#end();
      case 'http-error': {
        const [type, body] = typeof step.body === 'string' ? [HTML, step.body] : [JSON_BODY, JSON.stringify(step.body)];
        await this.#response.sendHead(step.status, { ...type, ...step.headers });
        this.#response.end(body);
        return;
      }
      default:
        return assertNever(step);
    }
  }

  async #sendHead(status: number, headers: Readonly<Record<string, string>>): Promise<void> {
    await this.#response.sendHead(status, { ...(this.#encoder === undefined ? JSON_BODY : EVENT_STREAM), ...headers });
  }

  async #end(): Promise<void> {
    if (!this.#response.hasHead) await this.#sendHead(200, {});
    this.#response.end(this.#encoder === undefined ? this.#completion.build(this.#style) : '');
  }
}
