/** Where reasoning stands in the content of models that few servers take it out of: DeepSeek, Qwen, Magistral and others. */
export const THINK_TAGS: readonly string[] = ['think', 'thinking'];
