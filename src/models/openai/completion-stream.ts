import type { AbortNotice, Clock } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import type { CallControls, ModelResult } from '../chat-model.js';
import type { CompletionLimits } from './completion-bounds.js';
import { CompletionEvents, type EndingHabit } from './completion-events.js';
import { detectFormat } from './completion-format.js';
import { CompletionReader } from './completion-reader.js';
import { type OutputFilter, OutputFilters } from './output/index.js';
import { SilenceWatch } from './silence-watch.js';
import type { UpstreamResponse } from './transport/index.js';
import type { UnknownWords } from './unknown-words.js';
import { UpstreamBody } from './upstream-body.js';
import { makeBadCompletionError } from './upstream-errors.js';
import { readWholeCompletion } from './whole-completion.js';

/** What one completion needs. */
interface CompletionStreamOptions {
  /** Sends the request, with retries, and resolves with the head of a good response. */
  readonly request: (signal: AbortNotice) => Promise<UpstreamResponse>;
  readonly controls: CallControls;
  readonly limits: CompletionLimits;
  /** The model's habit, which this completion may change. */
  readonly habit: EndingHabit;
  /** Takes unknown finish reasons. */
  readonly unknown: Pick<UnknownWords, 'add'>;
  /** Called once if reasoning comes as `reasoning_content`. */
  readonly onReasoningContent?: () => void;
  readonly clock: Clock;
}

/**
 * The completion of one model call, from the request to the finish reason.
 *
 * It is a single generator, because layers cost time (docs/performance.md). It has one reader, who must wait for each batch
 * before asking for the next: a generator ends only after its pending read.
 */
export class CompletionStream {
  readonly #options: CompletionStreamOptions;
  readonly #filters: OutputFilters;

  /** @param filters applied in order: each sees the output of the one before. They are freed once they are done */
  constructor(options: CompletionStreamOptions, filters: readonly OutputFilter[]) {
    this.#options = options;
    this.#filters = new OutputFilters(filters);
  }

  /**
   * Sends the request when the first batch is asked for, and reads on demand.
   * @throws UpstreamError if the completion is not whole; the abort reason after an abort
   */
  async *read(): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { request, controls, limits, habit, unknown, onReasoningContent, clock } = this.#options;
    const { signal } = controls;
    const watch = new SilenceWatch(clock, limits.firstTokenTimeoutMs);
    const onAbort = (): void => watch.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    let rest: UpstreamBody | undefined;
    try {
      const response = await request(watch.signal);
      if (response.body === undefined) throw makeBadCompletionError('it has no body');
      const body = new UpstreamBody(response.body, watch);
      const reader = new CompletionReader(controls, limits.maxCompletionLength, unknown, onReasoningContent);
      const filters = this.#filters;

      if ((await detectFormat(body, () => readContentType(response))) === 'json') {
        const deltas = filters.read(await readWholeCompletion(body, reader, limits.maxCompletionLength));
        if (deltas.length > 0) yield deltas;
      } else {
        const events = new CompletionEvents(body, reader, limits, habit);
        while (!events.hasEnded) {
          const deltas = filters.read(events.parse(await events.readNext()));
          if (deltas.length > 0) yield deltas;
          events.throwFault();
        }
      }

      const last: Delta[] = [];
      const reason = reader.end(last);
      if (reason === undefined) throw makeBadCompletionError('it ended without a finish_reason');
      const { deltas, finishReason } = filters.end(last, reason);
      if (deltas.length > 0) yield deltas;
      rest = body;
      return { finishReason };
    } catch (error) {
      // After an abort the transport throws various errors; the abort reason is the true cause.
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (rest === undefined) watch.giveUp();
      else void rest.finish();
    }
  }
}

function readContentType({ headers }: UpstreamResponse): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
