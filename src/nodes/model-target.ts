import type { ConfiguredProvider, ModelParameters, ModelProvider, ModelProviders } from '../models/index.js';
import type { AgentConfig, FallbackModel } from './agent-config.js';

/** A model that an agent can ask. */
export interface ModelTarget {
  readonly provider: ConfiguredProvider;
  readonly providerName: ModelProvider;
  readonly model: string;
  readonly settings: ModelParameters | undefined;
}

/**
 * The models of an agent: its own, then its fallbacks in order.
 * @throws Error if a provider is not configured, or no model is named
 */
export function resolveModelTargets(
  config: Pick<AgentConfig<unknown>, keyof FallbackModel | 'fallbacks'>,
  providers: ModelProviders,
): readonly [ModelTarget, ...ModelTarget[]] {
  const readTarget = ({ modelProvider, modelName, settings = config.settings }: FallbackModel): ModelTarget => {
    const provider = providers.get(modelProvider);
    return { provider, providerName: modelProvider, model: providers.chooseModel(modelProvider, modelName), settings };
  };
  return [readTarget(config), ...(config.fallbacks ?? []).map(readTarget)];
}
