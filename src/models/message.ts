import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';

/** One message of a conversation in OpenAI's form: any role, content as a string or in parts, exactly as it was sent. */
export type Message = ChatCompletionMessageParam;
