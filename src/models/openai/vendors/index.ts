import { anthropic } from './anthropic.js';
import { azureOpenai } from './azure-openai.js';
import { bedrock } from './bedrock.js';
import { google, googleVertexAi } from './google.js';
import { mistral } from './mistral.js';
import { ollama } from './ollama.js';
import { openai } from './openai.js';

export type { ProviderValues, Vendor } from './vendor.js';

/** The providers behind an OpenAI-compatible interface, by the names of their constants. Sources for each: docs/providers.md. */
export const VENDORS = {
  /** OpenAI, or any server that speaks its protocol (OPENAI_BASE_URL). Without either of its settings: the demo, if it is on. */
  OPENAI: openai,
  /** OpenAI's models on Microsoft Azure; the model's name is that of the deployment. */
  AZURE_OPENAI: azureOpenai,
  ANTHROPIC: anthropic,
  /** Gemini with an API key (Google AI Studio). */
  GOOGLE: google,
  /** Gemini and others on Google Cloud, with an OAuth access token. */
  GOOGLE_VERTEX_AI: googleVertexAi,
  MISTRAL: mistral,
  /** Amazon Bedrock, with a Bedrock API key. */
  BEDROCK: bedrock,
  /** A local Ollama; needs no setting. */
  OLLAMA: ollama,
};
