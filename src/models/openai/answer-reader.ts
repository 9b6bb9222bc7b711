import { findUnsafeNumber } from '../../kernel/index.js';
import type { FinishReason, Usage, UsageDetails } from '../../protocol/index.js';
import type { Delta, TextDelta, TokenLogprob } from '../../streaming/index.js';
import type { CallScope, ModelIdentity } from '../chat-model.js';
import { AnswerBounds, assertParsable } from './answer-bounds.js';
import { badAnswer, upstreamErrorInAnswer } from './upstream-errors.js';

/** A chunk or whole answer of an OpenAI-compatible server. Nothing in it is certain: many servers speak this protocol. */
interface UpstreamAnswer {
  readonly error?: unknown;
  readonly model?: unknown;
  readonly system_fingerprint?: unknown;
  readonly service_tier?: unknown;
  readonly usage?: Record<string, unknown> | null;
  readonly choices?: readonly ({
    readonly delta?: UpstreamMessage | null;
    readonly message?: UpstreamMessage | null;
    readonly finish_reason?: unknown;
    readonly logprobs?: { readonly content?: unknown; readonly refusal?: unknown } | null;
  } | null)[];
}

interface UpstreamMessage {
  /** A text, or (Mistral's reasoning models) a list of `{type: "text", text}` and `{type: "thinking", thinking: […]}`. */
  readonly content?: unknown;
  /** Reasoning text: DeepSeek, SGLang and older vLLM by this name, newer vLLM and OpenRouter by the next. */
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: readonly UpstreamToolCall[] | null;
}

interface UpstreamToolCall {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly type?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
  readonly custom?: { readonly name?: unknown; readonly input?: unknown } | null;
}

/** While it is made. Conditional spreads into a literal cost several times as much. */
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  // Mistral's: the context window is full.
  ['model_length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
]);

/** What is no name of a model, but longer, in characters. */
const MAX_NAME_LENGTH = 256;
/** OpenAI has four. */
const MAX_USAGE_DETAILS = 32;
/** What no call of a model can have used. */
const MAX_TOKENS = 1_000_000_000;

/** Turns the chunks of one model call into deltas, and remembers how the call ended. */
export class AnswerReader {
  readonly #scope: Pick<CallScope, 'identity' | 'usage'>;
  readonly #bounds: AnswerBounds;
  /** The answer's tool calls; a call's place is its index for the client. */
  readonly #toolCalls: { readonly id: string | undefined; readonly isCustom: boolean }[] = [];
  /** The first call with each id. */
  readonly #indexOfId = new Map<string, number>();
  /** Our index of each upstream index, which some servers start elsewhere than at 0. */
  readonly #indexOfUpstream = new Map<number, number>();
  #model: unknown;
  #fingerprint: unknown;
  #tier: unknown;
  #finishReason: FinishReason | undefined;
  /** Also after it was taken back. */
  #lastFinishReason: FinishReason | undefined;
  #hasSpoken = false;
  #hasGoneOn = false;
  #isComplete = false;

  /** @param maxLength most characters of the whole answer: text, reasoning, refusal and tool calls together */
  constructor(scope: Pick<CallScope, 'identity' | 'usage'>, maxLength: number) {
    this.#scope = scope;
    this.#bounds = new AnswerBounds(maxLength);
  }

  /** True from the first delta on; a role or a comment is none. */
  get hasSpoken(): boolean {
    return this.#hasSpoken;
  }

  /** Undefined until the upstream has said why it stopped, and again once it has gone on after that. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  /** True if the upstream has gone on after it had said why it stopped. */
  get hasGoneOn(): boolean {
    return this.#hasGoneOn;
  }

  /** True once the upstream has told its usage after it had said why it stopped: nothing is left to say. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The upstream has said that all was said: the reason that it gave for stopping holds, wherever it stood. */
  done(): void {
    this.#finishReason ??= this.#lastFinishReason;
  }

  /**
   * Reads one chunk, or a whole answer of a server that does not stream, and adds its deltas to `out`.
   * @throws UpstreamError if it is no JSON object, holds an error, or makes the answer larger than it may be
   */
  read(json: string, out: Delta[]): void {
    const answer = parse(json);
    if (answer.error !== undefined && answer.error !== null) throw upstreamErrorInAnswer(answer.error);
    this.#readIdentity(answer);
    if (answer.usage !== undefined && answer.usage !== null) this.#readUsage(answer.usage);
    const choice = Array.isArray(answer.choices) ? answer.choices[0] : undefined;
    if (choice === undefined || choice === null) return;
    const message = choice.delta ?? choice.message;
    if (message !== undefined && message !== null) {
      const before = out.length;
      this.#readMessage(message, choice.logprobs ?? undefined, json, out);
      if (out.length > before) this.#goOn();
      this.#bounds.add(out, before, json.length);
    }
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') {
      // Mistral and OpenRouter say so of an answer that failed halfway.
      if (choice.finish_reason === 'error') throw upstreamErrorInAnswer(undefined);
      // A reason that OpenAI does not know (end_turn, eos) is a vendor's name for having come to the end.
      this.#finishReason = FINISH_REASONS.get(choice.finish_reason) ?? 'stop';
      this.#lastFinishReason = this.#finishReason;
    }
  }

  #goOn(): void {
    this.#hasSpoken = true;
    if (this.#finishReason === undefined) return;
    this.#finishReason = undefined;
    this.#hasGoneOn = true;
    this.#isComplete = false;
  }

  #readMessage(
    message: UpstreamMessage,
    logprobs: { readonly content?: unknown; readonly refusal?: unknown } | undefined,
    json: string,
    out: Delta[],
  ): void {
    const reasoning = message.reasoning_content ?? message.reasoning;
    if (typeof reasoning === 'string' && reasoning !== '') out.push({ type: 'reasoning', text: reasoning });
    if (Array.isArray(message.content)) pushParts(message.content, out);
    else pushText('content', message.content, logprobs?.content, out);
    pushText('refusal', message.refusal, logprobs?.refusal, out);
    if (Array.isArray(message.tool_calls)) {
      for (const call of message.tool_calls as readonly (UpstreamToolCall | null)[]) {
        if (call !== null) this.#readToolCall(call, json, out);
      }
    }
  }

  #readToolCall(call: UpstreamToolCall, json: string, out: Delta[]): void {
    const id = typeof call.id === 'string' && call.id !== '' ? call.id : undefined;
    const name = call.function?.name ?? call.custom?.name;
    const index = this.#indexOf(call, id, name);
    const known = this.#toolCalls[index];
    if (known === undefined) this.#bounds.addToolCall();
    const hasInput = call.custom !== undefined && call.custom !== null;
    const { isCustom } = known ?? this.#addToolCall(index, id, hasInput);
    const piece = call.function?.arguments ?? call.custom?.input;
    const text =
      typeof piece === 'string' ? piece : piece === undefined || piece === null ? '' : writeArguments(piece, json);
    if (known !== undefined && text === '') return;
    out.push({
      type: 'tool-call',
      index,
      ...(isCustom && { kind: 'custom' }),
      ...(known === undefined && id !== undefined && { id }),
      ...(known === undefined && typeof name === 'string' && { name }),
      arguments: text,
    });
  }

  /**
   * Servers leave out the index, repeat the id in every piece, or give several calls the index 0 (Gemini). So the index
   * decides, unless a new id comes with a name: that is a new call. Without an index the id decides.
   */
  #indexOf({ index }: UpstreamToolCall, id: string | undefined, name: unknown): number {
    const next = this.#toolCalls.length;
    if (typeof index === 'number') {
      const known = this.#indexOfUpstream.get(index);
      const knownId = known === undefined ? undefined : this.#toolCalls[known]?.id;
      const hasNewId = id !== undefined && knownId !== undefined && id !== knownId;
      if (known !== undefined && !(hasNewId && typeof name === 'string' && name !== '')) return known;
      this.#indexOfUpstream.set(index, next);
      return next;
    }
    if (id === undefined) return Math.max(0, next - 1);
    return this.#indexOfId.get(id) ?? next;
  }

  #addToolCall(index: number, id: string | undefined, isCustom: boolean): { readonly isCustom: boolean } {
    if (id !== undefined && !this.#indexOfId.has(id)) this.#indexOfId.set(id, index);
    const call = { id, isCustom };
    this.#toolCalls[index] = call;
    return call;
  }

  #readIdentity({ model, system_fingerprint: fingerprint, service_tier: tier }: UpstreamAnswer): void {
    if (model === this.#model && fingerprint === this.#fingerprint && tier === this.#tier) return;
    this.#model = model;
    this.#fingerprint = fingerprint;
    this.#tier = tier;
    const identity: Writable<ModelIdentity> = {};
    // Each chunk for the client repeats them.
    if (isName(model)) identity.model = model;
    if (isName(fingerprint)) identity.systemFingerprint = fingerprint;
    if (isName(tier)) identity.serviceTier = tier;
    this.#scope.identity(identity);
  }

  #readUsage(usage: Record<string, unknown>): void {
    const prompt = count(usage['prompt_tokens']);
    const completion = count(usage['completion_tokens']);
    if (prompt === undefined && completion === undefined) return;
    // Nonsense in one place makes the rest doubtful; limits count it.
    if (isNonsense(usage['prompt_tokens'], prompt) || isNonsense(usage['completion_tokens'], completion)) return;
    const promptDetails = details(usage['prompt_tokens_details']);
    const completionDetails = details(usage['completion_tokens_details']);
    const known: Writable<Usage> = {
      prompt_tokens: prompt ?? 0,
      completion_tokens: completion ?? 0,
      // More than the sum where thoughts are counted apart; never less.
      total_tokens: Math.max(count(usage['total_tokens']) ?? 0, (prompt ?? 0) + (completion ?? 0)),
    };
    if (promptDetails !== undefined) known.prompt_tokens_details = promptDetails;
    if (completionDetails !== undefined) known.completion_tokens_details = completionDetails;
    this.#isComplete = this.#finishReason !== undefined;
    this.#scope.usage(known);
  }
}

function parse(json: string): UpstreamAnswer {
  assertParsable(json);
  let answer: unknown;
  try {
    answer = JSON.parse(json);
  } catch {
    throw badAnswer('it is not valid JSON');
  }
  if (typeof answer !== 'object' || answer === null) throw badAnswer('it is not a JSON object');
  return answer;
}

/**
 * The text of arguments that an upstream gives as an object.
 * @param json the event that holds them
 * @throws UpstreamError if a number in it has become another one
 */
function writeArguments(value: unknown, json: string): string {
  const unsafe = findUnsafeNumber(json);
  if (unsafe !== undefined) throw badAnswer('a number in its tool calls has more digits than JSON numbers keep');
  return JSON.stringify(value);
}

function pushText(type: TextDelta['type'], text: unknown, logprobs: unknown, out: Delta[]): void {
  const hasLogprobs = Array.isArray(logprobs) && logprobs.length > 0;
  if (typeof text !== 'string' || (text === '' && !hasLogprobs)) return;
  out.push(hasLogprobs ? { type, text, logprobs: logprobs as TokenLogprob[] } : { type, text });
}

/** Neighbours of one kind become one delta, however many parts an upstream makes of them. */
function pushParts(parts: readonly unknown[], out: Delta[]): void {
  const joined: Writable<TextDelta>[] = [];
  const add = (type: TextDelta['type'], text: unknown): void => {
    if (typeof text !== 'string' || text === '') return;
    const last = joined.at(-1);
    if (last?.type === type) last.text += text;
    else joined.push({ type, text });
  };
  for (const part of parts as readonly ({ readonly text?: unknown; readonly thinking?: unknown } | null)[]) {
    add('content', typeof part === 'string' ? part : part?.text);
    const thoughts: readonly unknown[] = Array.isArray(part?.thinking) ? part.thinking : [part?.thinking];
    for (const thought of thoughts as readonly ({ readonly text?: unknown } | string | null | undefined)[]) {
      add('reasoning', typeof thought === 'object' ? thought?.text : thought);
    }
  }
  for (const delta of joined) out.push(delta);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= MAX_TOKENS ? Math.trunc(value) : undefined;
}

function isNonsense(value: unknown, counted: number | undefined): boolean {
  return counted === undefined && value !== undefined && value !== null;
}

function details(value: unknown): UsageDetails | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const counts = new Map<string, number>();
  for (const [name, part] of Object.entries(value)) {
    const whole = count(part);
    if (whole !== undefined && isName(name)) counts.set(name, whole);
    if (counts.size === MAX_USAGE_DETAILS) break;
  }
  return counts.size === 0 ? undefined : Object.fromEntries(counts);
}
