import type { AbortNotice } from '../../kernel/index.js';
import type { Message } from '../../protocol/index.js';
import type { Tokenizer } from './tokenizer.js';

const TOKENS_PER_MESSAGE = 3;
const TOKENS_PER_NAME = 1;
/** Every answer is primed with `<|start|>assistant<|message|>`. */
const TOKENS_OF_PRIMING = 3;

/**
 * Counts a prompt as OpenAI documents it for chat (cookbook, "How to count tokens with tiktoken"): 3 tokens for each
 * message and the tokens of its role, its name and its text, and 3 for the beginning of the answer. Calls and tools, for
 * which there is no published rule, count as the JSON they are; images, audio and files, which nobody reads, count 0.
 *
 * @throws the signal's reason on abort
 */
export async function countPromptTokens(
  messages: readonly Message[],
  tools: unknown,
  tokenizer: Tokenizer,
  signal: AbortNotice,
): Promise<number> {
  const names = messages.filter((message) => nameOf(message) !== undefined).length;
  const overhead = TOKENS_OF_PRIMING + messages.length * TOKENS_PER_MESSAGE + names * TOKENS_PER_NAME;
  return overhead + (await tokenizer.count(textsOf(messages, tools), signal));
}

function* textsOf(messages: readonly Message[], tools: unknown): Generator<string, void, void> {
  for (const message of messages) {
    yield message.role;
    yield nameOf(message) ?? '';
    yield* contentOf(message);
    if ('tool_calls' in message && message.tool_calls !== undefined) yield JSON.stringify(message.tool_calls);
  }
  if (Array.isArray(tools)) yield JSON.stringify(tools);
}

function nameOf(message: Message): string | undefined {
  return 'name' in message ? message.name : undefined;
}

function* contentOf({ content }: Message): Generator<string, void, void> {
  if (typeof content === 'string') yield content;
  else {
    for (const part of content ?? []) {
      if (part.type === 'text') yield part.text;
      else if (part.type === 'refusal') yield part.refusal;
    }
  }
}
