/** Where reasoning stands in the content of models that few servers take it out of: DeepSeek, Qwen, Magistral and others. */
export const THINK_TAGS: readonly string[] = ['think', 'thinking'];

/** Reads the setting `…_REASONING_TAG`: `off`, or names of tags; undefined if it is not set. */
export function readReasoningTags(setting: string | undefined): readonly string[] | undefined {
  if (setting === undefined) return undefined;
  return setting === 'off' ? [] : setting.split(',');
}
