import type { Message } from '../message.js';

/** A short word with the space before it, a part of a longer one, up to three digits, or a sign: about a model's tokens. */
const PIECE = / ?[\p{L}\p{M}]{1,12}|\d{1,3}|\s{1,8}|[^\s\p{L}\p{M}\d]/gu;
const BYTES_PER_TOKEN = 4;
/** What OpenAI counts for the frame of each message, and for the beginning of the answer. */
const TOKENS_OF_FRAME = 3;

/** Cuts a text into the pieces in which it is sent; each counts as one token. Together they are the text. */
export function splitText(text: string): string[] {
  return text.match(PIECE) ?? [];
}

/** Estimates the tokens of a prompt from its size. Images, audio and files, which nobody reads, count nothing. */
export function estimatePromptTokens(messages: readonly Message[], tools: unknown): number {
  let tokens = TOKENS_OF_FRAME + estimateTokens(Array.isArray(tools) ? JSON.stringify(tools) : '');
  for (const message of messages) {
    tokens += TOKENS_OF_FRAME + 1 + estimateTokens(readText(message));
    if ('tool_calls' in message) tokens += estimateTokens(JSON.stringify(message.tool_calls ?? ''));
  }
  return tokens;
}

/** The text of a message; its text parts are joined by line breaks. */
export function readText({ content }: Message): string {
  if (typeof content === 'string') return content;
  const parts = (content ?? []).map((part) =>
    part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : '',
  );
  return parts.filter((text) => text !== '').join('\n');
}

function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}
