/** The providers that an agent may name. */
export const ModelProvider = {
  /** OpenAI, or any server that speaks its protocol (OPENAI_BASE_URL). Without either of its settings: the demo. */
  OPENAI: 'openai',
  /** The built-in offline engine. It is no language model and never says that it is one. */
  DEMO: 'demo',
} as const;

/** Name of a provider, see the constants of the same name. */
export type ModelProvider = (typeof ModelProvider)[keyof typeof ModelProvider];
