export type {
  CallRetry,
  CallScope,
  ChatModel,
  ModelCall,
  ModelIdentity,
  ModelParameters,
  ModelResult,
} from './chat-model.js';
export { ModelProvider } from './model-provider.js';
export { fetchThroughProxies } from './openai/index.js';
export { configureModelProviders, ModelProviders, type ConfiguredProvider } from './model-providers.js';
