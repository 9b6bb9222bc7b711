import type { RunFinished, RunWaiting } from '../engine/index.js';
import { InvalidRequestError } from '../errors/index.js';
import { assertNever } from '../kernel/index.js';
import type { FinishReason, Usage } from '../models/index.js';
import { type OpaqueObject, type CollectedAudio, type CollectedToolCall, DeltaCollector } from '../streaming/index.js';
import type { RunEvents } from './run-events.js';

/** A whole call of one of the client's tools, as the request offered it. */
interface RunToolCall {
  readonly id: string;
  readonly kind: 'function' | 'custom';
  readonly name: string;
  /** JSON for a function, any text for a custom tool. */
  readonly arguments: string;
}

/** The output of a run that has finished. */
export interface RunOutput {
  /** What a client would have read, by channel; empty if the channel was not used. */
  readonly content: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly toolCalls: readonly RunToolCall[];
  /** Sources that models named; empty if they named none. Places count in `content`, in Unicode code points. */
  readonly annotations: readonly OpaqueObject[];
  /** As OpenRouter gives them: `{type: "image_url", image_url: {url}}`. */
  readonly images: readonly OpaqueObject[];
  /** Absent unless the request asked for audio. */
  readonly audio?: CollectedAudio;
  /** What the workflow's `define` returned a ref to; undefined if it ended early. */
  readonly result: unknown;
  readonly finishReason: FinishReason;
  /** Sum over all model calls whose upstreams reported it; absent if none did. */
  readonly usage?: Usage;
}

/**
 * Collects the events of a run into its output.
 * @throws MillraceError that the run failed with; InvalidRequestError if it waits for an answer (`RunOptions.answer`)
 */
export async function collectOutput(events: RunEvents): Promise<RunOutput> {
  const collector = new DeltaCollector(true);
  let last: RunFinished | undefined;
  let waiting: RunWaiting | undefined;
  const result = await events.read({
    next: (event) => {
      switch (event.type) {
        case 'delta':
          collector.add(event.delta);
          break;
        case 'run-finished':
          last = event;
          break;
        case 'run-waiting':
          waiting = event;
          break;
        case 'run-started':
        case 'run-resumed':
        case 'run-continued':
        case 'run-retrying':
        case 'node-restarted':
        case 'node-started':
        case 'node-progress':
        case 'route-taken':
        case 'model-identified':
        case 'node-finished':
        case 'node-failed':
          break;
        default:
          assertNever(event);
      }
    },
    failed: ({ thrown }) => {
      throw thrown;
    },
  });
  if (waiting !== undefined) {
    const names = waiting.waits.map(({ name }) => `"${name}"`).join(', ');
    throw new InvalidRequestError(`The workflow waits for an answer to ${names}, and none can be given here.`, {
      code: 'not_answered',
    });
  }
  if (last === undefined) throw new Error('The events of the run have no end');
  const { content, reasoning, refusal, annotations, images, audio } = collector;
  const { finishReason, usage } = last;
  return {
    content,
    reasoning,
    refusal,
    toolCalls: collector.toolCalls.map(toRunToolCall),
    annotations,
    images,
    ...(audio !== undefined && { audio }),
    result,
    finishReason,
    ...(usage !== undefined && { usage }),
  };
}

function toRunToolCall({ id = '', kind, name = '', arguments: args }: CollectedToolCall): RunToolCall {
  return { id, kind: kind ?? 'function', name, arguments: args };
}
