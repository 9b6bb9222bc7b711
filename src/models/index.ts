export type {
  CallRetry,
  CallControls,
  ChatModel,
  ModelCall,
  ModelIdentity,
  ModelParameters,
  ModelResult,
} from './chat-model.js';
export { type FinishReason, pickWorseFinishReason } from './finish-reason.js';
export type { Message } from './message.js';
export type { ModelName } from './model-name.js';
export { ModelProvider } from './model-provider.js';
export {
  type ConfiguredProvider,
  type ListedProvider,
  configureModelProviders,
  ModelProviders,
  OwnModels,
} from './model-providers.js';
export type { ProviderOptions } from './provider-options.js';
export { VENDORS } from './openai/vendors/index.js';
export { fetchThroughProxies } from './openai/transport/fetch-through-proxies.js';
export { addCosts, type Cost, ModelPrices } from './prices/index.js';
export { estimateUnreportedTokens } from './token-estimate.js';
export { addUsage, subtractUsage, type Usage, type UsageDetails } from './usage.js';
