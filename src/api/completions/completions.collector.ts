import type { RunFinished } from '../../engine/index.js';
import { readOutcome } from '../../errors/index.js';
import type { RequestRecord } from '../../http/index.js';
import { assertNever } from '../../kernel/index.js';
import type { RunEvents } from '../../runs/index.js';
import {
  type CollectedAudio,
  CollectedMedia,
  type Delta,
  GrowingText,
  type TokenLogprob,
  type ToolCallDelta,
} from '../../streaming/index.js';
import type { ChatCompletion } from './dto/index.js';

/** What is known of a completion before its run starts. */
export interface CompletionHead {
  readonly id: string;
  /** Whole seconds since the Unix epoch. */
  readonly created: number;
  /** The name that the client asked for. */
  readonly model: string;
}

/**
 * Collects a run's events into one `chat.completion`.
 * @param onTraceId called once at the beginning if the run is traced
 * @param record told how the run ended
 * @throws MillraceError if the run fails
 */
export async function collectAnswer(
  events: RunEvents,
  head: CompletionHead,
  onTraceId: (traceId: string) => void,
  record: Pick<RequestRecord, 'runEnded'>,
): Promise<ChatCompletion> {
  const collector = new CompletionCollector(head);
  let completion: ChatCompletion | undefined;
  await events.read({
    next: (event) => {
      switch (event.type) {
        case 'run-started':
          if (event.traceId !== undefined) onTraceId(event.traceId);
          break;
        case 'model-identified':
          collector.attribute(event.identity.systemFingerprint, event.identity.serviceTier);
          break;
        case 'delta':
          collector.add(event.delta);
          break;
        case 'run-finished':
          completion = collector.completion(event);
          record.runEnded(event.finishReason, event);
          break;
        default:
      }
    },
    failed: (failure) => {
      record.runEnded(readOutcome(failure.error), failure);
      throw failure.error;
    },
  });
  if (completion === undefined) throw new Error('The events of the run have no end');
  return completion;
}

type CollectedMessage = ChatCompletion['choices'][number]['message'];
type CollectedToolCall = NonNullable<CollectedMessage['tool_calls']>[number];
type SpokenAnswer = NonNullable<CollectedMessage['audio']>;

/** The growing message. */
class CompletionCollector {
  readonly #head: CompletionHead;
  readonly #content = new GrowingText();
  readonly #reasoning = new GrowingText();
  readonly #refusal = new GrowingText();
  #systemFingerprint: string | null = null;
  #serviceTier: string | undefined;
  readonly #logprobs: { content: TokenLogprob[]; refusal: TokenLogprob[] } = { content: [], refusal: [] };
  readonly #toolCalls: { id: string; kind: 'function' | 'custom'; name: string; text: GrowingText }[] = [];

  readonly #media = new CollectedMedia();

  constructor(head: CompletionHead) {
    this.#head = head;
  }

  /** The first model of the run that says who it is speaks for all, as in a stream. */
  attribute(systemFingerprint: string | undefined, serviceTier: string | undefined): void {
    this.#systemFingerprint ??= systemFingerprint ?? null;
    this.#serviceTier ??= serviceTier;
  }

  add(delta: Delta): void {
    switch (delta.type) {
      case 'tool-call':
        this.#addToolCall(delta);
        break;
      case 'annotations':
      case 'images':
      case 'audio':
        this.#media.add(delta);
        break;
      case 'reasoning':
        this.#reasoning.add(delta.text);
        break;
      case 'content':
        this.#content.add(delta.text);
        this.#addLogprobs(this.#logprobs.content, delta.logprobs);
        break;
      case 'refusal':
        this.#refusal.add(delta.text);
        this.#addLogprobs(this.#logprobs.refusal, delta.logprobs);
        break;
      default:
        assertNever(delta);
    }
  }

  completion({ finishReason, usage }: RunFinished): ChatCompletion {
    const hasToolCalls = this.#toolCalls.length > 0;
    const { content, refusal } = this.#logprobs;
    const hasLogprobs = content.length > 0 || refusal.length > 0;
    const { annotations, images, audio } = this.#media;
    const isSilent = this.#content.isEmpty && (hasToolCalls || audio !== undefined || !this.#refusal.isEmpty);
    const reasoning = this.#reasoning.text;
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
            content: isSilent ? null : this.#content.text,
            refusal: this.#refusal.isEmpty ? null : this.#refusal.text,
            // Both names, as in a stream: each is the only one that some clients read.
            ...(reasoning !== '' && { reasoning_content: reasoning, reasoning }),
            ...(hasToolCalls && { tool_calls: this.#toolCalls.filter(() => true).map(toolCallOf) }),
            ...(annotations.length > 0 && { annotations }),
            ...(images.length > 0 && { images: images.map((image, index) => ({ ...image, index })) }),
            ...(audio !== undefined && { audio: spokenAnswerOf(audio) }),
          },
          logprobs: hasLogprobs
            ? { content: content.length > 0 ? content : null, refusal: refusal.length > 0 ? refusal : null }
            : null,
          finish_reason: finishReason,
        },
      ],
      ...(usage !== undefined && { usage }),
      system_fingerprint: this.#systemFingerprint,
      ...(this.#serviceTier !== undefined && { service_tier: this.#serviceTier }),
    };
  }

  #addLogprobs(known: TokenLogprob[], more: readonly TokenLogprob[] = []): void {
    // One by one: as arguments of one call, a hundred thousand do not fit on the stack.
    for (const logprob of more) known.push(logprob);
  }

  #addToolCall({ index, id, kind, name, arguments: piece }: ToolCallDelta): void {
    const call = (this.#toolCalls[index] ??= { id: '', kind: kind ?? 'function', name: '', text: new GrowingText() });
    if (id !== undefined) call.id = id;
    if (name !== undefined) call.name = name;
    call.text.add(piece);
  }
}

/** With all that OpenAI's clients rely on. */
function spokenAnswerOf({ id = '', data, transcript, expiresAt = 0 }: CollectedAudio): SpokenAnswer {
  return { id, data, transcript, expires_at: expiresAt };
}

function toolCallOf({
  id,
  kind,
  name,
  text,
}: {
  id: string;
  kind: 'function' | 'custom';
  name: string;
  text: GrowingText;
}): CollectedToolCall {
  return kind === 'custom'
    ? { id, type: 'custom', custom: { name, input: text.text } }
    : { id, type: 'function', function: { name, arguments: text.text } };
}
