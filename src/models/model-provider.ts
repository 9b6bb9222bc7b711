/** The providers that an agent may name. What each needs and can do: docs/providers.md. */
export const ModelProvider = {
  /** OpenAI, or any server that speaks its protocol (OPENAI_BASE_URL). Without either of its settings: the demo, if it is on. */
  OPENAI: 'openai',
  /** OpenAI's models on Microsoft Azure; the model's name is that of the deployment. */
  AZURE_OPENAI: 'azure_openai',
  ANTHROPIC: 'anthropic',
  /** Gemini with an API key (Google AI Studio). */
  GOOGLE: 'google',
  /** Gemini and others on Google Cloud, with an OAuth access token. */
  GOOGLE_VERTEX_AI: 'google_vertex_ai',
  MISTRAL: 'mistral',
  /** Amazon Bedrock, with a Bedrock API key. */
  BEDROCK: 'bedrock',
  /** A local Ollama; needs no setting. */
  OLLAMA: 'ollama',
  /** The built-in offline engine. It is no language model and never says that it is one; off in production, unless `DEMO=on`. */
  DEMO: 'demo',
} as const;

/** Name of a provider, see the constants of the same name. */
export type ModelProvider = (typeof ModelProvider)[keyof typeof ModelProvider];
