import type { DeltaEvent, RunEvent, RunFinished, RunWaiting } from '../../engine/index.js';
import type { RunError } from '../../errors/index.js';
import { assertNever } from '../../kernel/index.js';
import type { ModelIdentity, Usage } from '../../models/index.js';
import { encodeError, NodeEvents } from '../wire/index.js';
import { ChunkEncoder, type ChunkHead } from './chunk-encoder.js';

/** Options of a streamed completion. */
export interface StreamHead extends ChunkHead {
  /** True if the client asked for node events. */
  readonly nodeEvents: boolean;
}

/** A failure as a client sees it. */
interface Failure {
  readonly error: RunError;
  /** The step that failed. */
  readonly node?: string | undefined;
}

/**
 * Makes the frames of one streamed completion from the events of its run. A pure fold: the same events give the same
 * bytes, so that a run's log can be replayed at any time.
 *
 * News of the workflow ({@link describe}) and output for the user ({@link encode}) are separate, because a stream may
 * have to hold back the first; {@link next} is both.
 */
export class CompletionEncoder {
  readonly #chunks: ChunkEncoder;
  readonly #includeUsage: boolean;
  readonly #nodeEvents: NodeEvents | undefined;

  constructor(head: StreamHead) {
    this.#chunks = new ChunkEncoder(head);
    this.#includeUsage = head.includeUsage;
    this.#nodeEvents = head.nodeEvents ? new NodeEvents() : undefined;
  }

  /** All frames that an event makes: none, one or several. */
  next(event: RunEvent): string {
    if (event.type === 'model-identified') this.attribute(event.identity);
    const news = this.describe(event);
    return (news === undefined ? '' : this.encodeNews(news)) + this.encode(event);
  }

  /**
   * The news of the workflow in an event, as JSON for {@link encodeNews}; undefined for clients that did not ask for
   * it. To be called once for each event, in order.
   */
  describe(event: RunEvent): string | undefined {
    if (this.#nodeEvents === undefined) return undefined;
    return event.type === 'run-finished' ? this.#nodeEvents.encodeSummary(event) : this.#nodeEvents.encode(event);
  }

  /** The frame for the result of {@link describe}. */
  encodeNews(json: string): string {
    return this.#chunks.encodeEvent(json);
  }

  /** Takes the identity of a model. The last one before the first frame counts for the whole completion. */
  attribute({ systemFingerprint, serviceTier }: ModelIdentity): void {
    this.#chunks.attribute(systemFingerprint, serviceTier);
  }

  /** The frames for the output in an event, and for the end. */
  encode(event: RunEvent): string {
    switch (event.type) {
      case 'delta':
        return this.encodeDelta(event);
      case 'run-finished':
        return this.encodeFinish(event);
      case 'run-waiting':
        return this.#encodeCalls(event);
      case 'run-failed':
        return this.encodeFailure(event);
      case 'run-started':
      case 'run-resumed':
      case 'node-restarted':
      case 'model-identified':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
      case 'node-failed':
      case 'run-continued':
      case 'run-retrying':
        return '';
      default:
        return assertNever(event);
    }
  }

  encodeDelta({ delta }: DeltaEvent): string {
    return this.#chunks.encodeDelta(delta);
  }

  encodeFinish({ finishReason, usage, isUsageIncomplete }: RunFinished): string {
    return this.#chunks.encodeFinish(finishReason) + this.#encodeCounts(usage, isUsageIncomplete);
  }

  /** The calls that the client has to answer, and the end of a completion with calls. */
  #encodeCalls({ waits, usage, isUsageIncomplete }: RunWaiting): string {
    const calls = waits.map(({ callId, name, shown }) => this.#chunks.encodeCall(callId, name, JSON.stringify(shown)));
    const counts = this.#encodeCounts(usage, isUsageIncomplete);
    return calls.join('') + this.#chunks.encodeFinish('tool_calls') + counts;
  }

  #encodeCounts(usage: Usage | undefined, isIncomplete: true | undefined): string {
    return this.#includeUsage && usage !== undefined ? this.#chunks.encodeUsage(usage, isIncomplete) : '';
  }

  encodeFailure({ error, node }: Failure): string {
    return encodeError(error, node);
  }
}
