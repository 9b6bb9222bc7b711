import type { RunEvent, RunFailed, RunFinished, RunWaiting } from '../../engine/index.js';
import { assertNever } from '../../kernel/index.js';
import type { ModelIdentity } from '../../models/index.js';
import type { RunEvents } from '../../runs/index.js';
import {
  type CollectedAudio,
  type CollectedLogprobs,
  type CollectedToolCall,
  DeltaCollector,
} from '../../streaming/index.js';
import type { CompletionHead } from './completions.decoder.js';
import type { ChatCompletion, CompletionAudio } from './dto/index.js';
import { passTraceId } from '../wire/index.js';

/**
 * Collects a run's events into one `chat.completion`.
 * @param onTraceId called once, at the beginning, if the run is traced
 * @throws MillraceError if the run fails
 */
export async function collectCompletion(
  events: RunEvents,
  head: CompletionHead,
  onTraceId: (traceId: string) => void,
): Promise<ChatCompletion> {
  const collector = new CompletionCollector(head);
  await events.read({
    next: (event) => {
      passTraceId(event, onTraceId);
      collector.next(event);
    },
    failed: ({ thrown }) => {
      throw thrown;
    },
  });
  return collector.completion;
}

type CollectedChoice = ChatCompletion['choices'][number];
type CollectedMessage = CollectedChoice['message'];
type CompletionToolCall = NonNullable<CollectedMessage['tool_calls']>[number];

/** Makes one whole completion from the events of its run. A pure fold, as for a stream. */
export class CompletionCollector {
  readonly #head: CompletionHead;
  readonly #deltas = new DeltaCollector(true);
  #systemFingerprint: string | null = null;
  #serviceTier: string | undefined;
  #completion: ChatCompletion | undefined;

  constructor(head: CompletionHead) {
    this.#head = head;
  }

  /** True once there is a completion. */
  get hasEnded(): boolean {
    return this.#completion !== undefined;
  }

  /** @throws Error before the run has finished, or waits */
  get completion(): ChatCompletion {
    if (this.#completion === undefined) throw new Error('The events of the run have no end');
    return this.#completion;
  }

  next(event: Exclude<RunEvent, RunFailed>): void {
    switch (event.type) {
      case 'model-identified':
        this.#attribute(event.identity);
        break;
      case 'delta':
        this.#deltas.add(event.delta);
        break;
      case 'run-finished':
        this.#completion = this.#makeCompletion(event);
        break;
      case 'run-waiting':
        this.#addCalls(event);
        this.#completion = this.#makeCompletion({ ...event, finishReason: 'tool_calls' });
        break;
      case 'run-started':
      case 'run-resumed':
      case 'node-restarted':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-finished':
      case 'node-failed':
      case 'run-continued':
      case 'run-retrying':
        break;
      default:
        assertNever(event);
    }
  }

  /** The calls that the client has to answer follow those of models. */
  #addCalls({ waits }: RunWaiting): void {
    let index = this.#deltas.toolCalls.length;
    for (const { callId: id, name, shown } of waits) {
      this.#deltas.add({ type: 'tool-call', index: index++, id, name, arguments: JSON.stringify(shown) });
    }
  }

  /** Keeps the identity of the first model, as in a stream. */
  #attribute({ systemFingerprint, serviceTier }: ModelIdentity): void {
    this.#systemFingerprint ??= systemFingerprint ?? null;
    this.#serviceTier ??= serviceTier;
  }

  #makeCompletion({
    finishReason,
    usage,
    isUsageIncomplete,
  }: Pick<RunFinished, 'finishReason' | 'usage' | 'isUsageIncomplete'>): ChatCompletion {
    const { content, reasoning, refusal, toolCalls, annotations, images, audio, logprobs } = this.#deltas;
    const isSilent = content === '' && (toolCalls.length > 0 || audio !== undefined || refusal !== '');
    return {
      id: this.#head.id,
      object: 'chat.completion',
      created: this.#head.created,
      model: this.#head.model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: isSilent ? null : content,
            refusal: refusal === '' ? null : refusal,
            // Both names, as in a stream: some clients read only one of them, some only the other.
            ...(reasoning !== '' && { reasoning_content: reasoning, reasoning }),
            ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(encodeToolCall) }),
            ...(annotations.length > 0 && { annotations }),
            ...(images.length > 0 && { images: images.map((image, index) => ({ ...image, index })) }),
            ...(audio !== undefined && { audio: encodeAudio(audio) }),
          },
          logprobs: logprobs === undefined ? null : encodeLogprobs(logprobs),
          finish_reason: finishReason,
        },
      ],
      ...(usage !== undefined && { usage }),
      ...(isUsageIncomplete === true && { usage_incomplete: true }),
      system_fingerprint: this.#systemFingerprint,
      ...(this.#serviceTier !== undefined && { service_tier: this.#serviceTier }),
    };
  }
}

function encodeLogprobs({ content, refusal }: CollectedLogprobs): CollectedChoice['logprobs'] {
  if (content.length === 0 && refusal.length === 0) return null;
  return { content: content.length > 0 ? content : null, refusal: refusal.length > 0 ? refusal : null };
}

/** Fills in the fields that OpenAI's clients rely on. */
function encodeAudio({ id = '', data, transcript, expiresAt = 0 }: CollectedAudio): CompletionAudio {
  return { id, data, transcript, expires_at: expiresAt };
}

function encodeToolCall({ id = '', kind, name = '', arguments: args }: CollectedToolCall): CompletionToolCall {
  return kind === 'custom'
    ? { id, type: 'custom', custom: { name, input: args } }
    : { id, type: 'function', function: { name, arguments: args } };
}
