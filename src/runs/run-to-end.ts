import type { FinishReason, Usage } from '../models/index.js';
import { type AnswerObject, type CollectedAudio, CollectedMedia, type ToolCallDelta } from '../streaming/index.js';
import type { RunEvents } from './run-events.js';

/** A whole call of one of the client's tools, as the event's parameters offered them. */
export interface RunToolCall {
  readonly id: string;
  readonly kind: 'function' | 'custom';
  readonly name: string;
  /** JSON for a function, any text for a custom tool. */
  readonly arguments: string;
}

/** What a run that came to its end has given. */
export interface RunOutcome {
  /** What the client would have read, by channel; empty where nothing was said. */
  readonly content: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly toolCalls: readonly RunToolCall[];
  /** Sources that models named; empty if they named none. Places count in `content`, in Unicode code points. */
  readonly annotations: readonly AnswerObject[];
  /** As OpenRouter gives them: `{type: "image_url", image_url: {url}}`. */
  readonly images: readonly AnswerObject[];
  /** Absent unless the event's parameters asked for a spoken answer. */
  readonly audio?: CollectedAudio;
  /** What the workflow's `define` returned a ref to; undefined if it ended early. */
  readonly result: unknown;
  readonly finishReason: FinishReason;
  /** Sum over all model calls whose upstreams told; absent if none did. */
  readonly usage?: Usage;
}

/**
 * Collects the events of a run.
 * @throws MillraceError that the run failed with
 */
export async function outcomeOf(events: RunEvents): Promise<RunOutcome> {
  const text = { content: '', reasoning: '', refusal: '' };
  const toolCalls: RunToolCall[] = [];
  const media = new CollectedMedia();
  let outcome: RunOutcome | undefined;
  await events.read({
    next: (event) => {
      if (event.type === 'delta') {
        const { delta } = event;
        if (delta.type === 'tool-call') toolCalls[delta.index] = continued(toolCalls[delta.index], delta);
        else if ('text' in delta) text[delta.type] += delta.text;
        else media.add(delta);
      } else if (event.type === 'run-finished') {
        const { result, finishReason, usage } = event;
        // Indices that no call has leave no holes.
        const calls = toolCalls.filter(() => true);
        const { annotations, images, audio } = media;
        outcome = {
          ...text,
          toolCalls: calls,
          annotations,
          images,
          ...(audio !== undefined && { audio }),
          result,
          finishReason,
          ...(usage !== undefined && { usage }),
        };
      }
    },
    failed: ({ error }) => {
      throw error;
    },
  });
  if (outcome === undefined) throw new Error('The events of the run have no end');
  return outcome;
}

function continued(call: RunToolCall | undefined, { id, name, kind, arguments: piece }: ToolCallDelta): RunToolCall {
  return {
    id: id ?? call?.id ?? '',
    kind: call?.kind ?? kind ?? 'function',
    name: name ?? call?.name ?? '',
    arguments: (call?.arguments ?? '') + piece,
  };
}
