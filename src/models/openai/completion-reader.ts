import type { Delta, TextDelta, TokenLogprob } from '../../streaming/index.js';
import type { CallControls, ModelIdentity } from '../chat-model.js';
import type { FinishReason } from '../finish-reason.js';
import type { Usage, UsageDetails } from '../usage.js';
import { CompletionBounds, assertParsable } from './completion-bounds.js';
import { readFinishReason } from './finish-reasons.js';
import { MediaReader, pushImages, type UpstreamMedia } from './media-reader.js';
import { ToolCallReader, type UpstreamFunctionCall, type UpstreamToolCall } from './tool-call-reader.js';
import { RepeatedChunk } from './repeated-chunk.js';
import type { UnknownWords } from './unknown-words.js';
import { makeBadCompletionError, makeReportedError } from './upstream-errors.js';

/** A chunk or whole completion of an OpenAI-compatible server. Nothing in it is certain: many servers speak this protocol. */
interface UpstreamCompletion {
  readonly error?: unknown;
  /** `error` where the object itself is one, as older servers of vLLM's kind have it. */
  readonly object?: unknown;
  readonly model?: unknown;
  readonly system_fingerprint?: unknown;
  readonly service_tier?: unknown;
  readonly usage?: Record<string, unknown> | null;
  /** Groq's place for it. */
  readonly x_groq?: { readonly usage?: Record<string, unknown> | null } | null;
  /** Perplexity's places for sources: addresses, and (newer) objects with `url` and `title`, all of them in each chunk. */
  readonly citations?: unknown;
  readonly search_results?: unknown;
  readonly choices?: readonly ({
    readonly delta?: UpstreamMessage | null;
    readonly message?: UpstreamMessage | null;
    readonly finish_reason?: unknown;
    /** Kimi's place for it. */
    readonly usage?: Record<string, unknown> | null;
    readonly logprobs?: { readonly content?: unknown; readonly refusal?: unknown } | null;
    /** Where some gateways put them. */
    readonly annotations?: unknown;
  } | null)[];
}

interface UpstreamMessage extends UpstreamMedia {
  /**
   * A text, or (Mistral's reasoning models) a list of `{type: "text", text}` and `{type: "thinking", thinking: […]}`. Models
   * that draw may have `{type: "image_url", image_url}` in it.
   */
  readonly content?: unknown;
  /** Reasoning text: DeepSeek, SGLang and older vLLM by this name, newer vLLM and OpenRouter by the next. */
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  /** The same of some gateways. */
  readonly thinking?: unknown;
  readonly thoughts?: unknown;
  /** OpenRouter: a list of `{type: "reasoning.text", text}` and `{type: "reasoning.summary", summary}`. */
  readonly reasoning_details?: unknown;
  readonly refusal?: unknown;
  /** A list, but for servers that know one call only. */
  readonly tool_calls?: readonly UpstreamToolCall[] | UpstreamToolCall | null;
  /** The deprecated form of one tool call. */
  readonly function_call?: UpstreamFunctionCall | null;
}

/** While it is made. Conditional spreads into a literal cost several times as much. */
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What is no name of a model, but longer, in characters. */
const MAX_NAME_LENGTH = 256;
/** OpenAI has four. */
const MAX_USAGE_DETAILS = 32;
/** What no call of a model can have used. */
const MAX_TOKENS = 1_000_000_000;

const MOST_VAIN_LESSONS = 3;

/** Turns the chunks of one model call into deltas, and remembers how the call ended. */
export class CompletionReader {
  readonly #scope: Pick<CallControls, 'identity' | 'usage'>;
  readonly #bounds: CompletionBounds;
  /** Made for the first call: most completions have none. */
  #toolCalls: ToolCallReader | undefined;
  readonly #media = new MediaReader();
  readonly #unknown: Pick<UnknownWords, 'add'>;
  #model: unknown;
  #fingerprint: unknown;
  #tier: unknown;
  #finishReason: FinishReason | undefined;
  /** Also after it was taken back. */
  #lastFinishReason: FinishReason | undefined;
  #hasSpoken = false;
  #hasGoneOn = false;
  #isComplete = false;
  /** True once something came in a `delta`: what has the name `message` after that says all of it again. */
  #hasDeltas = false;

  /** What the last chunk that was parsed is like, if it held some text and nothing else. */
  #repeated: RepeatedChunk | undefined;
  /** How often that was found out in vain: some servers write something new into each chunk. */
  #vainLessons = 0;

  /** Undefined once it has been told. */
  #onReasoningContent: (() => void) | undefined;

  /**
   * @param maxLength most characters of the completion: text, reasoning, refusal, tool calls, sources, images and sound together
   * @param unknown takes the finish reasons that nobody knows
   * @param onReasoningContent told once if reasoning comes by the name `reasoning_content`
   */
  constructor(
    scope: Pick<CallControls, 'identity' | 'usage'>,
    maxLength: number,
    unknown: Pick<UnknownWords, 'add'>,
    onReasoningContent?: () => void,
  ) {
    this.#scope = scope;
    this.#onReasoningContent = onReasoningContent;
    this.#bounds = new CompletionBounds(maxLength);
    this.#unknown = unknown;
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

  /** What was read is the whole completion, in one piece: it is complete without a reason, too. */
  wasWhole(): void {
    if (this.#hasSpoken) this.#finishReason ??= 'stop';
  }

  /**
   * The completion is over: adds what was held of its tool calls to `out`.
   * @returns why it stopped; undefined if the upstream has not said
   */
  end(out: Delta[]): FinishReason | undefined {
    const reason = this.#finishReason;
    this.#toolCalls?.end(reason === 'length' || reason === 'content_filter', out);
    if (reason !== undefined) this.#finishReason = this.#settled(reason);
    return this.#finishReason;
  }

  /**
   * Reads one chunk, or a whole completion of a server that does not stream, and adds its deltas to `out`.
   * @param mostValues most values of the JSON
   * @throws UpstreamError if it is no JSON object, holds an error, or makes the completion larger than it may be
   */
  read(json: string, out: Delta[], mostValues?: number): void {
    const text = this.#repeated?.readText(json);
    if (text === undefined) this.#parse(json, out, mostValues);
    else this.#repeat(text, json, out);
  }

  /** All but the text is as in the chunk before: who answers, that it goes on, and that there is nothing else. */
  #repeat(text: string, json: string, out: Delta[]): void {
    this.#vainLessons = 0;
    this.#goOn();
    out.push({ type: 'content', text });
    this.#bounds.add(out, out.length - 1, json);
  }

  #parse(json: string, out: Delta[], mostValues?: number): void {
    this.#repeated = undefined;
    const completion = parseCompletion(json, mostValues);
    if (isError(completion.error)) throw makeReportedError(completion.error);
    if (completion.object === 'error') throw makeReportedError(completion);
    this.#readIdentity(completion);
    const choice = Array.isArray(completion.choices) ? completion.choices[0] : undefined;
    const usage = completion.usage ?? choice?.usage ?? completion.x_groq?.usage;
    if (usage !== undefined && usage !== null) this.#readUsage(usage);
    if (choice === undefined || choice === null) return;
    const message = choice.delta ?? (this.#hasDeltas ? undefined : choice.message);
    if (message !== undefined && message !== null) {
      const before = out.length;
      const pieces = this.#toolCalls?.pieces ?? 0;
      this.#readMessage(message, choice.logprobs ?? undefined, json, out);
      if (out.length > before || (this.#toolCalls?.pieces ?? 0) > pieces) {
        this.#goOn();
        this.#hasDeltas ||= message === choice.delta;
      }
      this.#readMedia(message, choice, completion.search_results ?? completion.citations, out);
      this.#bounds.add(out, before, json);
      const isAll = isNothing(usage) && isNothing(choice.finish_reason) && !hasCalls(message);
      if (isAll && message === choice.delta && out.length === before + 1) this.#learn(json, out[before]);
    }
    if (choice.finish_reason !== null && choice.finish_reason !== undefined) this.#stop(choice.finish_reason);
  }

  #learn(json: string, delta: Delta | undefined): void {
    if (delta?.type !== 'content' || delta.logprobs !== undefined || this.#vainLessons >= MOST_VAIN_LESSONS) return;
    this.#vainLessons++;
    this.#repeated = RepeatedChunk.learn(json, delta.text);
  }

  /** Citations and images may come after the finish_reason without a doubt about the end: they are no text that goes on. */
  #readMedia(message: UpstreamMedia, choice: UpstreamMedia, sources: unknown, out: Delta[]): void {
    const before = out.length;
    if (sources !== undefined && this.#hasSpoken) this.#media.readSources(sources, out);
    const end = this.#media.read(message, choice, out);
    if (out.length === before) return;
    this.#hasSpoken = true;
    if (end === 'goes on') this.#goOn();
    // OpenAI's models that speak may leave it at that, without a finish_reason.
    else if (end === 'is over') this.#finishReason = this.#lastFinishReason ??= 'stop';
  }

  /** @throws UpstreamError if the upstream says that it failed */
  #stop(word: unknown): void {
    const reason = readFinishReason(word);
    if (reason === undefined) return;
    if (reason === 'failed') throw makeReportedError({ code: word });
    if (reason === 'unknown') this.#unknown.add(String(word));
    this.#finishReason = this.#settled(reason === 'unknown' ? 'stop' : reason);
    this.#lastFinishReason = this.#finishReason;
  }

  /** Some servers end calls like any other completion, some say so by a word of their own, and some say it without any call. */
  #settled(reason: FinishReason): FinishReason {
    if (reason !== 'stop' && reason !== 'tool_calls') return reason;
    return this.#toolCalls?.hasCalls === true ? 'tool_calls' : 'stop';
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
    const reasoning = findReasoning(message);
    if (reasoning !== '') {
      out.push({ type: 'reasoning', text: reasoning });
      if (this.#onReasoningContent !== undefined && reasoning === message.reasoning_content) {
        this.#onReasoningContent();
        this.#onReasoningContent = undefined;
      }
    }
    if (Array.isArray(message.content)) pushParts(message.content, out);
    else pushText('content', message.content, logprobs?.content, out);
    pushText('refusal', message.refusal, logprobs?.refusal, out);
    const { tool_calls: calls } = message;
    if (typeof calls === 'object' && calls !== null) {
      this.#readToolCalls(Array.isArray(calls) ? calls : [calls], json, out);
    } else if (typeof message.function_call === 'object' && message.function_call !== null) {
      this.#readToolCalls([{ function: message.function_call }], json, out);
    }
  }

  #readToolCalls(calls: readonly (UpstreamToolCall | null)[], json: string, out: Delta[]): void {
    if (calls.length === 0) return;
    this.#toolCalls ??= new ToolCallReader(this.#bounds);
    this.#toolCalls.read(calls, json, out);
  }

  #readIdentity({ model, system_fingerprint: fingerprint, service_tier: tier }: UpstreamCompletion): void {
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
    const prompt = readCount(usage['prompt_tokens']);
    const completion = readCount(usage['completion_tokens']);
    if (prompt === undefined && completion === undefined) return;
    // Nonsense in one place makes the rest doubtful; limits count it.
    if (isNonsense(usage['prompt_tokens'], prompt) || isNonsense(usage['completion_tokens'], completion)) return;
    const promptDetails = details(usage['prompt_tokens_details']);
    const completionDetails = details(usage['completion_tokens_details']);
    const known: Writable<Usage> = {
      prompt_tokens: prompt ?? 0,
      completion_tokens: completion ?? 0,
      // More than the sum where thoughts are counted apart; never less.
      total_tokens: Math.max(readCount(usage['total_tokens']) ?? 0, (prompt ?? 0) + (completion ?? 0)),
    };
    if (promptDetails !== undefined) known.prompt_tokens_details = promptDetails;
    if (completionDetails !== undefined) known.completion_tokens_details = completionDetails;
    this.#isComplete = this.#finishReason !== undefined;
    this.#scope.usage(known);
  }
}

function parseCompletion(json: string, mostValues?: number): UpstreamCompletion {
  assertParsable(json, mostValues);
  let completion: unknown;
  try {
    completion = JSON.parse(json);
  } catch {
    throw makeBadCompletionError('it is not valid JSON');
  }
  if (typeof completion !== 'object' || completion === null) throw makeBadCompletionError('it is not a JSON object');
  return completion;
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

/** Some servers have an empty list in each chunk. */
function hasCalls({ tool_calls: calls, function_call: call }: UpstreamMessage): boolean {
  return !isNothing(call) || !(isNothing(calls) || (Array.isArray(calls) && calls.length === 0));
}

/** Some servers have the key in each completion: with nothing in it, there is no error. */
function isError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return Boolean(error);
  return Object.values(error).some((part) => part !== null && part !== '' && part !== 0);
}

/** Servers that know several of the names give the same text by each, or nothing by all but one. */
function findReasoning(message: UpstreamMessage): string {
  const { reasoning_content: first, reasoning, thinking, thoughts, reasoning_details: readUsageDetails } = message;
  if (isText(first)) return first;
  if (isText(reasoning)) return reasoning;
  if (isText(thinking)) return thinking;
  if (isText(thoughts)) return thoughts;
  if (!Array.isArray(readUsageDetails)) return '';
  return (readUsageDetails as readonly ({ readonly text?: unknown; readonly summary?: unknown } | null)[])
    .map((detail) => [detail?.text, detail?.summary].find(isText) ?? '')
    .join('');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function pushText(type: TextDelta['type'], text: unknown, logprobs: unknown, out: Delta[]): void {
  const hasLogprobs = Array.isArray(logprobs) && logprobs.length > 0;
  if (typeof text !== 'string' || (text === '' && !hasLogprobs)) return;
  out.push(hasLogprobs ? { type, text, logprobs: logprobs as TokenLogprob[] } : { type, text });
}

type MessagePart = { readonly type?: unknown; readonly text?: unknown; readonly thinking?: unknown } | null;

/** Neighbours of one kind become one delta, however many parts an upstream makes of them. */
function pushParts(parts: readonly unknown[], out: Delta[]): void {
  const joined: { readonly type: TextDelta['type']; readonly texts: string[] }[] = [];
  const add = (type: TextDelta['type'], text: unknown): void => {
    if (typeof text !== 'string' || text === '') return;
    const last = joined.at(-1);
    // Joined at once: added one by one, each would stay a part of its own in memory.
    if (last?.type === type) last.texts.push(text);
    else joined.push({ type, texts: [text] });
  };
  for (const part of parts as readonly MessagePart[]) {
    add('content', typeof part === 'string' ? part : part?.text);
    const thoughts: readonly unknown[] = Array.isArray(part?.thinking) ? part.thinking : [part?.thinking];
    for (const thought of thoughts as readonly ({ readonly text?: unknown } | string | null | undefined)[]) {
      add('reasoning', typeof thought === 'object' ? thought?.text : thought);
    }
  }
  for (const { type, texts } of joined) out.push({ type, text: texts.join('') });
  pushImages(
    parts.filter((part) => (part as MessagePart)?.type === 'image_url'),
    out,
  );
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH;
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= MAX_TOKENS ? Math.trunc(value) : undefined;
}

function isNonsense(value: unknown, counted: number | undefined): boolean {
  return counted === undefined && value !== undefined && value !== null;
}

function details(value: unknown): UsageDetails | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const counts = new Map<string, number>();
  for (const [name, part] of Object.entries(value)) {
    const whole = readCount(part);
    if (whole !== undefined && isName(name)) counts.set(name, whole);
    if (counts.size === MAX_USAGE_DETAILS) break;
  }
  return counts.size === 0 ? undefined : Object.fromEntries(counts);
}
