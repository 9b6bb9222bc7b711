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
 * Resolves the models of an agent: the first that it names, then its fallbacks in order. An agent that names none gets the
 * default model of the provider `openai`.
 * @throws Error if there is no such provider, it is not configured, or no model is named
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
  // Model names may contain slashes; provider names never do.
  const [, name = choice, model] = /^([^/]*)\/(.*)$/s.exec(choice) ?? [];
  if (model === '') throw new Error(`its model "${choice}" has no name after the slash.`);
  const providerName = name as ModelProvider;
  if (!providers.names.includes(name)) throw new Error(describeUnknownProvider(choice, name, providers.names));
  const provider = providers.get(providerName);
  return { provider, providerName, model: providers.chooseModel(providerName, model), settings };
}

/** Beginnings of names by which models are known. Any other may be served by a server that speaks OpenAI's protocol. */
const MODEL_NAMES: readonly (readonly [RegExp, ModelProvider])[] = [
  [/^claude/i, ModelProvider.ANTHROPIC],
  [/^(?:gemini|gemma)/i, ModelProvider.GOOGLE],
  [/^(?:(?:open-)?mi[sx]tral|ministral|magistral|codestral|devstral|pixtral)/i, ModelProvider.MISTRAL],
];

/** Most often, the name of the provider before that of the model is missing. */
function describeUnknownProvider(choice: string, name: string, names: readonly string[]): string {
  const lower = name.toLowerCase();
  const [, owner = ModelProvider.OPENAI] = MODEL_NAMES.find(([pattern]) => pattern.test(choice)) ?? [];
  const meant = names.includes(lower) ? lower + choice.slice(name.length) : `${owner}/${choice}`;
  return `its model "${choice}" begins with no model provider. Did you mean "${meant}"? There are: ${names.join(', ')}.`;
}
