/** Tags around reasoning in the content of DeepSeek, Qwen, Magistral and other models; few servers remove them. */
export const THINK_TAGS: readonly string[] = ['think', 'thinking'];
