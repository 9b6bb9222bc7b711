import type { RunEvent } from '../../engine/index.js';
import { assertNever, writeBoundedJson } from '../../kernel/index.js';
import { beginsWait, type LoggedEvent } from '../../runs/index.js';
import type { Delta } from '../../streaming/index.js';
import { cutFolder, type LogFold, type LogFrame, SaidContent } from '../wire/index.js';
import { makeRunErrorObject } from './run-error.js';
import { describeWait } from './wait-object.js';

/** Most bytes of data from an author or a model beside the text; longer data is cut, with a note. */
const EVENT_BYTES = 64 * 1024;
/** Most characters of one shown output. */
const OUTPUT_LENGTH = EVENT_BYTES / 2;

/** Facts about a run beside its events. */
interface RunEncoderOptions {
  /** The model name in its request. */
  readonly model: string;
  /** Number of the last event that the reader has; -1: none. */
  readonly after: number;
  /** True if reading ends when the run waits for answers. */
  readonly untilWait?: boolean;
}

/**
 * Shows a run event by event: each event of the log is one of the stream, with the same number. Data for this process
 * only is left out, and so is every output that the client has not read as text.
 */
export class RunEncoder implements LogFold {
  readonly ending = '';
  readonly #options: RunEncoderOptions;
  #hasEnded = false;
  readonly #said = new SaidContent(OUTPUT_LENGTH);

  constructor(options: RunEncoderOptions) {
    this.#options = options;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  open(): readonly LogFrame[] {
    return [];
  }

  next(event: LoggedEvent, number: number): readonly LogFrame[] {
    if (event.type === 'node-restarted') this.#said.restart(event.node);
    else if (event.type === 'delta' && event.delta.type === 'content') this.#said.add(event.node, event.delta.text);
    if (number <= this.#options.after) return [];
    const { type, at } = event;
    this.#hasEnded = this.#options.untilWait === true && beginsWait(event);
    const fields = this.#encode(event).slice(1, -1);
    const data = `{"type":"${type}"${fields === '' ? '' : `,${fields}`},"n":${number},"at":${at}}`;
    return [{ number, frame: `event: ${type}\ndata: ${data}\n\n` }];
  }

  /** A removed run has no more events: the stream just ends. */
  remove(): readonly LogFrame[] {
    return [];
  }

  /** The fields of an event beside type, number and time, as a JSON object. */
  #encode(event: RunEvent): string {
    switch (event.type) {
      case 'delta':
        return JSON.stringify({ node: event.node, delta: encodeDelta(event.delta) });
      case 'run-started':
        return JSON.stringify({ model: this.#options.model, trace_id: event.traceId });
      case 'run-resumed':
        return JSON.stringify({ epoch: event.epoch });
      case 'node-restarted':
        return JSON.stringify({ node: event.node, from: event.from, to: event.to });
      case 'node-started':
        return JSON.stringify({ node: event.node, kind: event.kind, visible: event.visible });
      case 'node-progress': {
        const { node, message, data } = event;
        return stringify({ node, message, data });
      }
      case 'route-taken':
        return stringify({ node: event.node, branch: event.branch });
      case 'model-identified': {
        const { model, systemFingerprint } = event.identity;
        return stringify({
          node: event.node,
          model: model === undefined ? null : cutFolder(model),
          system_fingerprint: systemFingerprint,
        });
      }
      case 'node-finished': {
        const { node, visible, usage } = event;
        const elapsed_ms = Math.round(event.elapsedMs);
        return stringify({ node, visible, elapsed_ms, usage, output: this.#said.findShown(event) });
      }
      case 'node-failed': {
        const { node, recovered } = event;
        const error = event.aborted ? ABORTED : makeRunErrorObject(event.error);
        return stringify({ node, elapsed_ms: Math.round(event.elapsedMs), error, recovered });
      }
      case 'run-retrying':
        return stringify({
          error: makeRunErrorObject(event.error, event.node),
          retry_at: Math.floor(event.retryAt / 1_000),
        });
      case 'run-waiting':
        return stringify({ waits: event.waits.map(describeWait) });
      case 'run-continued':
        return stringify({ name: event.name });
      case 'run-finished':
        return stringify({
          finish_reason: event.finishReason,
          usage: event.usage,
          usage_incomplete: event.isUsageIncomplete,
          result: event.result,
        });
      case 'run-failed':
        return stringify({
          error: makeRunErrorObject(event.error, event.node),
          usage: event.usage,
          usage_incomplete: event.isUsageIncomplete,
        });
      default:
        return assertNever(event);
    }
  }
}

/** Shown for a step that was aborted because another step, or the run, has failed. */
const ABORTED = {
  code: 'aborted',
  type: 'server_error',
  message: 'The step was ended because its run has failed.',
} as const;

/** Names and forms that clients know: those of the rest of the API. */
function encodeDelta(delta: Delta): object {
  switch (delta.type) {
    case 'content':
    case 'reasoning':
    case 'refusal':
    case 'tool-call':
    case 'annotations':
    case 'images':
    case 'mcp':
      return delta;
    case 'audio': {
      const { expiresAt, ...rest } = delta;
      return { ...rest, expires_at: expiresAt };
    }
    default:
      return assertNever(delta);
  }
}

/** Writes fields as JSON; undefined ones are left out. */
function stringify(fields: object): string {
  return writeBoundedJson(fields, EVENT_BYTES) ?? '{}';
}
