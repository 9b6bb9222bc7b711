import type { RunFailed, RunFinished, RunWaiting } from '../../../engine/index.js';
import { assertNever } from '../../../kernel/index.js';
import { type FinishReason, subtractUsage, pickWorseFinishReason } from '../../../models/index.js';
import type { LoggedEvent } from '../../../runs/index.js';
import { countCharacters, type Delta, moveAnnotations, type TextDelta } from '../../../streaming/index.js';

/** Where a segment of a run begins. */
interface SegmentStart {
  /** Number of its first event. */
  readonly from: number;
  /** The workflow's separator between the texts of two steps. */
  readonly separator: string;
}

/**
 * The events of one segment of a run, as if it were a run of its own: its text begins without a separator, its calls
 * and the positions of its annotations are counted from its beginning, and its usage and finish reason are those of its
 * own steps.
 */
export class SegmentEvents {
  readonly #start: SegmentStart;
  /** How the run waited before it. */
  #before: RunWaiting | undefined;
  #hasContent = false;
  /** The worst finish reason of its visible steps; undefined: none has finished. */
  #finishReason: FinishReason | undefined;
  /** The numbers of its calls by their numbers in the run. */
  readonly #calls = new Map<number, number>();

  constructor(start: SegmentStart) {
    this.#start = start;
  }

  /**
   * Takes the next event of the log, from the one before the segment on.
   * @returns undefined for events outside of the segment
   */
  take(event: LoggedEvent, number: number): LoggedEvent | undefined {
    if (number >= this.#start.from) return this.#before === undefined ? event : this.#change(event, this.#before);
    if (event.type === 'run-waiting') this.#before = event;
    return undefined;
  }

  #change(event: LoggedEvent, before: RunWaiting): LoggedEvent {
    switch (event.type) {
      case 'delta':
        return { ...event, delta: this.#changeDelta(event.delta, before) };
      case 'node-finished':
        if (event.visible)
          this.#finishReason = pickWorseFinishReason(this.#finishReason ?? 'stop', event.finishReason ?? 'stop');
        return event;
      case 'run-finished':
        return { ...leaveOutUsage(event, before), finishReason: this.#chooseFinishReason(event) };
      case 'run-failed':
      case 'run-waiting':
        return leaveOutUsage(event, before);
      case 'run-started':
      case 'run-resumed':
      case 'node-restarted':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'model-identified':
      case 'node-failed':
      case 'run-continued':
      case 'run-retrying':
        return event;
      default:
        return assertNever(event);
    }
  }

  /** Earlier segments have their own finish reasons. */
  #chooseFinishReason({ finishReason }: RunFinished): FinishReason {
    if (this.#finishReason !== undefined) return this.#finishReason;
    return finishReason === 'tool_calls' && this.#calls.size === 0 ? 'stop' : finishReason;
  }

  #changeDelta(delta: Delta, before: RunWaiting): Delta {
    switch (delta.type) {
      case 'content':
        return this.#setOn(delta, before);
      case 'tool-call': {
        const index = this.#calls.get(delta.index) ?? this.#calls.size;
        this.#calls.set(delta.index, index);
        return { ...delta, index };
      }
      case 'annotations':
        return moveAnnotations(delta, -this.#findStart(before));
      case 'reasoning':
      case 'refusal':
      case 'images':
      case 'audio':
      case 'mcp':
        return delta;
      default:
        return assertNever(delta);
    }
  }

  #setOn(delta: TextDelta, { contentLength }: RunWaiting): TextDelta {
    const { separator } = this.#start;
    const isSetOff = !this.#hasContent && contentLength > 0 && delta.text.startsWith(separator);
    this.#hasContent = true;
    return isSetOff ? { ...delta, text: delta.text.slice(separator.length) } : delta;
  }

  #findStart({ contentLength }: RunWaiting): number {
    return contentLength === 0 ? 0 : contentLength + countCharacters(this.#start.separator);
  }
}

/** The last event of a segment, with the usage of the segment. */
function leaveOutUsage<E extends RunFinished | RunFailed | RunWaiting>(
  { usage: sum, ...rest }: E,
  before: RunWaiting,
): E {
  const usage = sum && subtractUsage(sum, before.usage);
  return { ...rest, ...(usage !== undefined && { usage }) } as E;
}
