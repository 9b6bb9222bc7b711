import { isPresent } from '../../kernel/index.js';
import type { Delta, TextDelta, TokenLogprob } from '../../streaming/index.js';
import type { CallControls, ModelIdentity } from '../chat-model.js';
import type { FinishReason } from '../finish-reason.js';
import { CompletionBounds, assertParsable } from './completion-bounds.js';
import { readFinishReason } from './finish-reasons.js';
import { MediaReader, pushImages, type UpstreamMedia } from './media-reader.js';
import { isName, readUsage, type Writable } from './read-usage.js';
import { ToolCallReader, type UpstreamFunctionCall, type UpstreamToolCall } from './tool-call-reader.js';
import { RepeatedChunk } from './repeated-chunk.js';
import type { UnknownWords } from './unknown-words.js';
import { makeBadCompletionError, makeReportedError } from './upstream-errors.js';
import { isText } from './is-text.js';

/**
 * A chunk or a whole completion of an OpenAI-compatible server. Many servers speak this protocol, so any part may be missing
 * or of another type.
 */
interface UpstreamCompletion {
  readonly error?: unknown;
  /** `error` if the object itself is an error, as in older versions of vLLM. */
  readonly object?: unknown;
  readonly model?: unknown;
  readonly system_fingerprint?: unknown;
  readonly service_tier?: unknown;
  readonly usage?: Record<string, unknown> | null;
  /** Groq's place for the usage. */
  readonly x_groq?: { readonly usage?: Record<string, unknown> | null } | null;
  /** Perplexity's places for sources: addresses or (newer) objects with `url` and `title`; each chunk holds all of them. */
  readonly citations?: unknown;
  readonly search_results?: unknown;
  readonly choices?: readonly ({
    readonly delta?: UpstreamMessage | null;
    readonly message?: UpstreamMessage | null;
    readonly finish_reason?: unknown;
    /** Kimi's place for the usage. */
    readonly usage?: Record<string, unknown> | null;
    readonly logprobs?: { readonly content?: unknown; readonly refusal?: unknown } | null;
    /** Some gateways' place for annotations. */
    readonly annotations?: unknown;
  } | null)[];
}

interface UpstreamMessage extends UpstreamMedia {
  /**
   * A text, or (Mistral's reasoning models) a list of `{type: "text", text}` and `{type: "thinking", thinking: […]}`. Image
   * models may add `{type: "image_url", image_url}`.
   */
  readonly content?: unknown;
  /** Reasoning text: DeepSeek, SGLang and older vLLM use this name, newer vLLM and OpenRouter the next one. */
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  /** Reasoning text of some gateways. */
  readonly thinking?: unknown;
  readonly thoughts?: unknown;
  /** OpenRouter: a list of `{type: "reasoning.text", text}` and `{type: "reasoning.summary", summary}`. */
  readonly reasoning_details?: unknown;
  readonly refusal?: unknown;
  /** A list, or a single call from servers that make only one. */
  readonly tool_calls?: readonly UpstreamToolCall[] | UpstreamToolCall | null;
  /** The deprecated form of a tool call. */
  readonly function_call?: UpstreamFunctionCall | null;
}

const MOST_VAIN_LESSONS = 3;

/** Turns the chunks of one model call into deltas, and remembers how the call ended. */
export class CompletionReader {
  readonly #controls: Pick<CallControls, 'noteIdentity' | 'noteUsage'>;
  readonly #bounds: CompletionBounds;
  /** Made for the first call: most completions have none. */
  #toolCalls: ToolCallReader | undefined;
  readonly #media = new MediaReader();
  readonly #unknown: Pick<UnknownWords, 'add'>;
  #model: unknown;
  #fingerprint: unknown;
  #tier: unknown;
  #finishReason: FinishReason | undefined;
  /** The last finish reason, even if it was revoked. */
  #lastFinishReason: FinishReason | undefined;
  #hasOutput = false;
  #hasGoneOn = false;
  #isComplete = false;
  /** True once a `delta` brought something: a later `message` repeats all of it. */
  #hasDeltas = false;

  /** The shape of the last parsed chunk, if it held text alone. */
  #repeated: RepeatedChunk | undefined;
  /** How often a shape was learned and not used: some servers write something new into each chunk. */
  #vainLessons = 0;

  /** Undefined once it has been called. */
  #onReasoningContent: (() => void) | undefined;

  /**
   * @param maxLength most characters of the completion: text, reasoning, refusal, tool calls, citations, images and audio
   *   together
   * @param unknown takes unknown finish reasons
   * @param onReasoningContent called once if reasoning comes as `reasoning_content`
   */
  constructor(
    controls: Pick<CallControls, 'noteIdentity' | 'noteUsage'>,
    maxLength: number,
    unknown: Pick<UnknownWords, 'add'>,
    onReasoningContent?: () => void,
  ) {
    this.#controls = controls;
    this.#onReasoningContent = onReasoningContent;
    this.#bounds = new CompletionBounds(maxLength);
    this.#unknown = unknown;
  }

  /** True from the first delta on; a role or a comment does not count. */
  get hasOutput(): boolean {
    return this.#hasOutput;
  }

  /** Undefined until the upstream gives a finish reason, and again if it then continues. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason;
  }

  /** True if the upstream continued after a finish reason. */
  get hasGoneOn(): boolean {
    return this.#hasGoneOn;
  }

  /** True once the upstream has reported usage after a finish reason: nothing more will come. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Notes `[DONE]`: the last finish reason is valid, wherever it stood. */
  noteDone(): void {
    this.#finishReason ??= this.#lastFinishReason;
  }

  /** Notes that the completion came in one piece: then it is complete even without a finish reason. */
  noteWhole(): void {
    if (this.#hasOutput) this.#finishReason ??= 'stop';
  }

  /**
   * Ends the completion: adds the rest of its tool calls to `out`.
   * @returns the finish reason; undefined if the upstream gave none
   */
  end(out: Delta[]): FinishReason | undefined {
    const reason = this.#finishReason;
    this.#toolCalls?.end(reason === 'length' || reason === 'content_filter', out);
    if (reason !== undefined) this.#finishReason = this.#correctReason(reason);
    return this.#finishReason;
  }

  /**
   * Reads one chunk, or a whole completion of a server that does not stream, and adds its deltas to `out`.
   * @param mostValues most values of the JSON
   * @throws UpstreamError if it is not a JSON object, holds an error, or makes the completion too large
   */
  read(json: string, out: Delta[], mostValues?: number): void {
    const text = this.#repeated?.readText(json);
    if (text === undefined) this.#parse(json, out, mostValues);
    else this.#repeat(text, json, out);
  }

  /** Reads a chunk that equals the one before except for its text. */
  #repeat(text: string, json: string, out: Delta[]): void {
    this.#vainLessons = 0;
    this.#goOn();
    out.push({ type: 'content', text });
    this.#bounds.add(out, out.length - 1, json);
  }

  #parse(json: string, out: Delta[], mostValues?: number): void {
    this.#repeated = undefined;
    const completion = parseCompletion(json, mostValues);
    if (isReportedError(completion.error)) throw makeReportedError(completion.error);
    if (completion.object === 'error') throw makeReportedError(completion);
    this.#readIdentity(completion);
    const choice = Array.isArray(completion.choices) ? completion.choices[0] : undefined;
    const usage = completion.usage ?? choice?.usage ?? completion.x_groq?.usage;
    if (isPresent(usage)) this.#readUsage(usage);
    if (!isPresent(choice)) return;
    const message = choice.delta ?? (this.#hasDeltas ? undefined : choice.message);
    if (isPresent(message)) {
      const before = out.length;
      const pieces = this.#toolCalls?.pieces ?? 0;
      this.#readMessage(message, choice.logprobs ?? undefined, json, out);
      if (out.length > before || (this.#toolCalls?.pieces ?? 0) > pieces) {
        this.#goOn();
        this.#hasDeltas ||= message === choice.delta;
      }
      this.#readMedia(message, choice, completion.search_results ?? completion.citations, out);
      this.#bounds.add(out, before, json);
      const isAll = !isPresent(usage) && !isPresent(choice.finish_reason) && !hasCalls(message);
      if (isAll && message === choice.delta && out.length === before + 1) this.#learn(json, out[before]);
    }
    if (isPresent(choice.finish_reason)) this.#stop(choice.finish_reason);
  }

  #learn(json: string, delta: Delta | undefined): void {
    if (delta?.type !== 'content' || delta.logprobs !== undefined || this.#vainLessons >= MOST_VAIN_LESSONS) return;
    this.#vainLessons++;
    this.#repeated = RepeatedChunk.learn(json, delta.text);
  }

  /** Citations and images may follow the finish_reason without revoking it, as they do not continue the text. */
  #readMedia(message: UpstreamMedia, choice: UpstreamMedia, sources: unknown, out: Delta[]): void {
    const before = out.length;
    if (sources !== undefined && this.#hasOutput) this.#media.readSources(sources, out);
    const end = this.#media.read(message, choice, out);
    if (out.length === before) return;
    this.#hasOutput = true;
    if (end === 'goes on') this.#goOn();
    // OpenAI's audio models may end like this, without a finish_reason.
    else if (end === 'is over') this.#finishReason = this.#lastFinishReason ??= 'stop';
  }

  /** @throws UpstreamError if the finish reason means a failure */
  #stop(word: unknown): void {
    const reason = readFinishReason(word);
    if (reason === undefined) return;
    if (reason === 'failed') throw makeReportedError({ code: word });
    if (reason === 'unknown') this.#unknown.add(String(word));
    this.#finishReason = this.#correctReason(reason === 'unknown' ? 'stop' : reason);
    this.#lastFinishReason = this.#finishReason;
  }

  /** Corrects the reason: some servers end tool calls with `stop`, and some say `tool_calls` without any call. */
  #correctReason(reason: FinishReason): FinishReason {
    if (reason !== 'stop' && reason !== 'tool_calls') return reason;
    return this.#toolCalls?.hasCalls === true ? 'tool_calls' : 'stop';
  }

  #goOn(): void {
    this.#hasOutput = true;
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
    // Only valid names: each chunk for the client repeats them.
    if (isName(model)) identity.model = model;
    if (isName(fingerprint)) identity.systemFingerprint = fingerprint;
    if (isName(tier)) identity.serviceTier = tier;
    this.#controls.noteIdentity(identity);
  }

  #readUsage(usage: Record<string, unknown>): void {
    const known = readUsage(usage);
    if (known === undefined) return;
    this.#isComplete = this.#finishReason !== undefined;
    this.#controls.noteUsage(known);
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

/** Whether a message has tool calls. Some servers send an empty list in each chunk. */
function hasCalls({ tool_calls: calls, function_call: call }: UpstreamMessage): boolean {
  return isPresent(call) || (isPresent(calls) && !(Array.isArray(calls) && calls.length === 0));
}

/** Whether an `error` key means an error. Some servers send the key, empty, in each completion. */
function isReportedError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return Boolean(error);
  return Object.values(error).some((part) => part !== null && part !== '' && part !== 0);
}

/** Finds the reasoning text. Servers that use several of the names repeat the text or leave all but one empty. */
function findReasoning(message: UpstreamMessage): string {
  const { reasoning_content: first, reasoning, thinking, thoughts, reasoning_details: details } = message;
  if (isText(first)) return first;
  if (isText(reasoning)) return reasoning;
  if (isText(thinking)) return thinking;
  if (isText(thoughts)) return thoughts;
  if (!Array.isArray(details)) return '';
  return (details as readonly ({ readonly text?: unknown; readonly summary?: unknown } | null)[])
    .map((detail) => [detail?.text, detail?.summary].find(isText) ?? '')
    .join('');
}

function pushText(type: TextDelta['type'], text: unknown, logprobs: unknown, out: Delta[]): void {
  const hasLogprobs = Array.isArray(logprobs) && logprobs.length > 0;
  if (typeof text !== 'string' || (text === '' && !hasLogprobs)) return;
  out.push(hasLogprobs ? { type, text, logprobs: logprobs as TokenLogprob[] } : { type, text });
}

type MessagePart = { readonly type?: unknown; readonly text?: unknown; readonly thinking?: unknown } | null;

/** Adds the parts of a message; neighbouring parts of one kind become one delta. */
function pushParts(parts: readonly unknown[], out: Delta[]): void {
  const joined: { readonly type: TextDelta['type']; readonly texts: string[] }[] = [];
  const add = (type: TextDelta['type'], text: unknown): void => {
    if (typeof text !== 'string' || text === '') return;
    const last = joined.at(-1);
    // Collected and joined once: a string concatenated piece by piece keeps every piece in memory.
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
