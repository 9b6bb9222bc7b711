import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';

/** One message of a conversation in OpenAI's form, exactly as it was sent: any role, content as a string or in parts. */
export type Message = ChatCompletionMessageParam;
