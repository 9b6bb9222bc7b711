import assert from 'node:assert/strict';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { isJsonObject } from '../../src/kernel/index.js';
import { readContent } from '../../src/testing/read-content.js';
import { DONE, type SseItem } from './sse-frames.js';
import { assertValidChunk, assertValidError, type ErrorEnvelope } from './wire-schema.js';

export { readContent };

/** A chunk on the wire, with the reasoning that OpenAI's description does not have. */
export type WireChunk = Omit<ChatCompletionChunk, 'choices'> & {
  readonly choices: readonly (ChatCompletionChunk.Choice & { readonly delta: WireDelta })[];
};

/** A delta with reasoning. */
type WireDelta = ChatCompletionChunk.Choice.Delta & {
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
};

/** The values that {@link assertCompletion} expects; absent ones are not compared. */
interface CompletionExpectations {
  /** All text of the channel `content`. */
  readonly content?: string;
  readonly reasoning?: string;
  readonly refusal?: string;
  readonly finish?: string;
  readonly model?: string;
  /** Whether the request had `stream_options.include_usage`. Default false: then no chunk may have a usage. */
  readonly includeUsage?: boolean;
  /** Compared deeply. */
  readonly usage?: ChatCompletionChunk['usage'];
}

/** Every chunk among the items, each checked against OpenAI's description. */
export function readChunks(items: readonly SseItem[]): readonly WireChunk[] {
  return items.flatMap((item) => {
    if (item.kind !== 'data' || item.data === DONE || isErrorFrame(item)) return [];
    assertValidChunk(item.json);
    return [item.json];
  });
}

/** All reasoning, under either of its names. */
export function readReasoning(items: readonly SseItem[]): string {
  return readDeltas(items).map(findReasoning).join('');
}

/** All text of the refusal. */
export function readRefusal(items: readonly SseItem[]): string {
  return readDeltas(items)
    .map(({ refusal }) => refusal ?? '')
    .join('');
}

/** A tool call put together from its pieces. */
interface WireToolCall {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly arguments: string;
}

/**
 * The tool calls of the output, joined as clients join them: by concatenation.
 * @throws AssertionError if a call does not begin with its id and name, or repeats one
 */
export function readToolCalls(items: readonly SseItem[]): readonly WireToolCall[] {
  const calls: WireToolCall[] = [];
  for (const piece of readDeltas(items).flatMap(({ tool_calls }) => tool_calls ?? [])) {
    const begun = calls[piece.index];
    if (begun === undefined) {
      assert.equal(piece.index, calls.length, 'the indexes of tool calls count from 0');
      assert.ok(piece.id && piece.type && piece.function?.name, 'a tool call begins with its id, type and name');
      const { id, type, function: called } = piece;
      calls.push({ id, type, name: called.name ?? '', arguments: called.arguments ?? '' });
    } else {
      const repeated = piece.id ?? piece.type ?? piece.function?.name;
      assert.equal(repeated, undefined, 'id, type and name of a tool call are sent once');
      calls[piece.index] = { ...begun, arguments: begun.arguments + (piece.function?.arguments ?? '') };
    }
  }
  return calls;
}

/** The finish reason; undefined if the stream has none. */
export function findFinishReason(items: readonly SseItem[]): string | undefined {
  return readChunks(items)
    .flatMap(({ choices }) => choices.map(({ finish_reason: reason }) => reason))
    .find((reason) => reason !== null);
}

/** The usage; undefined if the stream has none. */
export function findUsage(items: readonly SseItem[]): NonNullable<ChatCompletionChunk['usage']> | undefined {
  return readChunks(items).findLast(({ usage }) => usage)?.usage ?? undefined;
}

/**
 * Checks that a stream is one whole completion, by every rule that any client relies on: the same id, time and model in
 * all chunks; one role, first; one finish reason, last, with its key in every chunk; text as strings, reasoning apart from
 * it; usage as requested; one `[DONE]`, last.
 *
 * @returns its chunks
 * @throws AssertionError naming the rule that is broken, or Error if a chunk is not valid at all
 */
export function assertCompletion(
  items: readonly SseItem[],
  expected: CompletionExpectations = {},
): readonly WireChunk[] {
  assert.deepEqual(items.filter(isErrorFrame), [], 'a completion has no error');
  const chunks = assertChunks(items);
  const withChoices = chunks.filter(({ choices }) => choices.length > 0);
  assert.ok(withChoices.length > 0, 'a completion has chunks with choices');
  const reasons = withChoices.map(({ choices }) => choices[0]?.finish_reason ?? null);
  assert.equal(reasons.filter((reason) => reason !== null).length, 1, 'there is one finish reason');
  assert.ok(reasons.at(-1) !== null, 'the finish reason is on the last chunk with choices');
  assertUsage(chunks, expected.includeUsage ?? false);
  compare('content', readContent(items), expected.content);
  compare('reasoning', readReasoning(items), expected.reasoning);
  compare('refusal', readRefusal(items), expected.refusal);
  compare('finish_reason', findFinishReason(items), expected.finish);
  compare('model', chunks[0]?.model, expected.model);
  compare('usage', findUsage(items), expected.usage);
  return chunks;
}

/**
 * Checks the end of a failed stream: one error frame and `[DONE]`, without a finish reason or usage, after chunks that
 * follow all other rules of a completion.
 *
 * @returns the error
 * @throws AssertionError naming the rule that is broken, or Error if a chunk or the error is not valid at all
 */
export function assertErrorEnded(items: readonly SseItem[]): ErrorEnvelope['error'] {
  const chunks = assertChunks(items);
  const data = items.filter(({ kind }) => kind === 'data');
  assert.equal(data.filter(isErrorFrame).length, 1, 'there is one error');
  const error = data.at(-2);
  assert.ok(error?.kind === 'data' && isErrorFrame(error), 'the error is the last frame before [DONE]');
  assert.deepEqual(Object.keys(error.json as object), ['error'], 'the error frame has only the error');
  assertValidError(error.json);
  assert.equal(findFinishReason(items), undefined, 'a failed stream has no finish reason');
  assert.deepEqual(
    chunks.filter(({ choices, usage }) => choices.length === 0 || usage),
    [],
    'a failed stream has no usage',
  );
  return error.json.error;
}

/** Checks the rules that hold for every ending of a stream. */
function assertChunks(items: readonly SseItem[]): readonly WireChunk[] {
  const data = items.flatMap((item) => (item.kind === 'data' ? [item.data] : []));
  assert.equal(data.filter((text) => text === DONE).length, 1, 'there is one [DONE]');
  assert.equal(data.at(-1), DONE, '[DONE] is last');
  const chunks = readChunks(items);
  for (const key of ['id', 'created', 'model', 'object'] as const) {
    assert.equal(new Set(chunks.map((chunk) => chunk[key])).size <= 1, true, `all chunks have the same ${key}`);
  }
  const choices = chunks.flatMap((chunk) => chunk.choices);
  for (const [i, { index, delta }] of choices.entries()) {
    assert.equal(index, 0, 'there is one choice, with index 0');
    assert.equal(delta.role, i === 0 ? 'assistant' : undefined, 'the role is on the first chunk, and only there');
    assert.notEqual(delta.content, null, 'content is a string');
    assert.ok(!(delta.content && findReasoning(delta)), 'reasoning and content are in separate chunks');
    const { reasoning_content: one, reasoning: other } = delta;
    if (one !== undefined && other !== undefined) assert.equal(one, other, 'both names of reasoning hold the same');
  }
  for (const chunk of chunks) assert.ok(chunk.choices.length <= 1, 'there is one choice');
  return chunks;
}

function assertUsage(chunks: readonly WireChunk[], included: boolean): void {
  if (!included) {
    for (const chunk of chunks) {
      assert.ok(!('usage' in chunk), 'no chunk has usage, not even null, unless the request asked for it');
      assert.ok(chunk.choices.length > 0, 'no chunk is without choices unless the request asked for usage');
    }
    return;
  }
  const last = chunks.at(-1);
  assert.ok(last?.usage, 'the last chunk has the usage');
  assert.deepEqual(last.choices, [], 'the chunk with the usage has no choices');
  for (const chunk of chunks.slice(0, -1)) {
    assert.equal(chunk.usage, null, 'usage is null in every other chunk');
    assert.ok(chunk.choices.length > 0, 'every other chunk has a choice');
  }
}

function compare(what: string, actual: unknown, expected: unknown): void {
  if (expected !== undefined) assert.deepEqual(actual, expected, `${what} differs`);
}

function readDeltas(items: readonly SseItem[]): readonly WireDelta[] {
  return readChunks(items).flatMap(({ choices }) => choices.map(({ delta }) => delta));
}

function findReasoning(delta: WireDelta): string {
  return delta.reasoning_content ?? delta.reasoning ?? '';
}

function isErrorFrame(item: SseItem): boolean {
  return item.kind === 'data' && isJsonObject(item.json) && 'error' in item.json;
}
