import OpenAI from 'openai';
import OpenAIv5 from 'openai-v5';
import OpenAIv7 from 'openai-v7';

/** The major versions of the openai SDK with the Responses API. The parts that tests use are the same in all. */
export const OPENAI_VERSIONS: readonly (readonly [version: string, Sdk: typeof OpenAI])[] = [
  ['5', OpenAIv5 as unknown as typeof OpenAI],
  ['6', OpenAI],
  ['7', OpenAIv7 as unknown as typeof OpenAI],
];
