import OpenAI from 'openai';
import OpenAIv5 from 'openai-v5';
import OpenAIv7 from 'openai-v7';

/** The versions of the openai SDK that know the Responses API, by their numbers. What tests use of them is the same in all. */
export const OPENAI_VERSIONS: readonly (readonly [version: string, Sdk: typeof OpenAI])[] = [
  ['5', OpenAIv5 as unknown as typeof OpenAI],
  ['6', OpenAI],
  ['7', OpenAIv7 as unknown as typeof OpenAI],
];
