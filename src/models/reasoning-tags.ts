/** Where reasoning stands in the content of models that few servers take it out of: DeepSeek, Qwen, Magistral and others. */
export const THINK_TAGS: readonly string[] = ['think', 'thinking'];

/** OpenAI, and its models on Azure: what begins with a tag is meant so there. */
const OPENAI_HOST = /(^|\.)(openai\.com|openai\.azure\.com)$/;

/** The tags that are read of a server that speaks OpenAI's protocol, as far as its address tells. */
export function guessReasoningTags({ hostname }: URL): readonly string[] {
  return OPENAI_HOST.test(hostname) ? [] : THINK_TAGS;
}

/** Reads the setting `…_REASONING_TAG`: `off`, or names of tags; undefined if it is not set. */
export function readReasoningTags(setting: string | undefined): readonly string[] | undefined {
  if (setting === undefined) return undefined;
  return setting === 'off' ? [] : setting.split(',');
}
