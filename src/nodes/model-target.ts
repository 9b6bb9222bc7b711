import type { ConfiguredProvider, ModelParameters, ModelProviders } from '../models/index.js';
import { ModelProvider } from '../models/index.js';
import type { AgentData, ModelOption, ModelWithSettings } from '../workflow/index.js';

/** A model that an agent can ask. */
export interface ModelTarget {
  readonly provider: ConfiguredProvider;
  readonly providerName: ModelProvider;
  readonly model: string;
  readonly settings: ModelParameters | undefined;
}

/**
 * The models of an agent: the first that it names, then its fallbacks in order. One that names none has the default model of
 * the provider `openai`.
 * @throws Error if a provider is not configured, or no model is named
 */
export function resolveModelTargets(
  { model = ModelProvider.OPENAI, settings }: Pick<AgentData, 'model' | 'settings'>,
  providers: ModelProviders,
): readonly [ModelTarget, ...ModelTarget[]] {
  const [first, ...fallbacks] = (typeof model === 'string' ? [model] : model).map((option) =>
    readTarget(option, settings, providers),
  );
  if (first === undefined) throw new Error('its list of models is empty. Name one, or leave `model` out.');
  return [first, ...fallbacks];
}

function readTarget(option: ModelOption, own: ModelParameters | undefined, providers: ModelProviders): ModelTarget {
  const { model: choice, settings = own }: ModelWithSettings = typeof option === 'string' ? { model: option } : option;
  // Names of models may have slashes, those of providers have none.
  const [, name = choice, model] = /^([^/]*)\/(.*)$/s.exec(choice) ?? [];
  if (model === '') throw new Error(`its model "${choice}" has no name behind the slash.`);
  const providerName = name as ModelProvider;
  const provider = providers.get(providerName);
  return { provider, providerName, model: providers.chooseModel(providerName, model), settings };
}
