import { address } from './address.js';
import { credential, pattern, oneOf, onOrOff } from './kinds.js';
import type { SettingOptions } from './options.js';
import { requestHeaders } from './pair-list.js';
import {
  type ValueKind,
  optional,
  InvalidValue,
  secret,
  Setting,
  setting,
  type Settings,
  type Source,
  type SettingValues,
} from './setting.js';

const LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u;
const line = pattern(LINE, 'hold no line break or other control character');

/** A name that becomes a part of an address. */
export const addressPart = pattern(/^[\w.:-]+$/, 'consist of letters, digits and . : _ -');

/** Names of the tags that hold the reasoning; `off`: none. */
const reasoningTags: ValueKind<readonly string[]> = (given) => {
  if (!/^(\/?[a-z][\w-]{0,31})(,[a-z][\w-]{0,31})*$/i.test(given)) {
    return new InvalidValue('be off, or the name of a tag, such as think; several with commas');
  }
  return given === 'off' ? [] : given.split(',');
};

/** What a provider of models reads from the environment. It is declared beside the provider (src/models/openai/vendors). */
export interface ProviderDeclaration {
  /** Its name for agents, such as `azure_openai`. In capitals, it is the prefix of the variables that all providers have. */
  readonly name: string;
  /** The settings that only this provider has. */
  readonly settings: Settings;
  /** The model of agents that name none, if there is a usual one. */
  readonly defaultModel?: string;
  /** Names that other programs use for a setting. If they were ignored, requests would go to the wrong place. */
  readonly knownElsewhere?: Readonly<Record<string, string>>;
  /** Variables of this provider that other programs read and this server does not, each with what to do instead. */
  readonly ignored?: Readonly<Record<string, string>>;
  /** Variables of other programs whose names are similar to one of these settings. */
  readonly foreign?: readonly string[];
  /**
   * First words of variables that hardly any other program uses. An unknown name that begins with one is taken for a
   * setting if two of its words fit.
   */
  readonly ownPrefixes?: readonly string[];
  /** First words that other programs use as well: nothing is guessed for unknown names that begin with one. */
  readonly sharedPrefixes?: readonly string[];
  /** Its `gen_ai.provider.name` in OpenTelemetry's conventions for generative AI; absent: the same as its name. */
  readonly conventionalName?: string;
}

/** The settings that every provider has. */
function makeCommonSettings({ name, defaultModel }: Pick<ProviderDeclaration, 'name' | 'defaultModel'>) {
  const prefix = name.toUpperCase();
  return {
    /** The model of agents that name none; undefined: each has to name one. */
    model: new Setting<string | undefined>(`${prefix}_MODEL`, line, defaultModel),
    /** Its address, with everything before `/chat/completions`. */
    baseUrl: optional(
      `${prefix}_BASE_URL`,
      address({ example: 'http://localhost:11434/v1', credentials: true, query: true }),
    ),
    /** Sent with each request, names in lower case; they replace headers that are sent anyway. */
    headers: secret(`${prefix}_HEADERS`, requestHeaders),
    /** How the model is made to return an output that fits a schema. */
    structuredOutput: optional(`${prefix}_STRUCTURED_OUTPUT`, oneOf(['json_schema', 'tool', 'prompt'])),
    /** False: completions are not streamed. */
    streams: setting(`${prefix}_STREAM`, onOrOff, true),
    /** Names of the tags at the beginning of the content that hold the reasoning. */
    reasoningTags: optional(`${prefix}_REASONING_TAG`, reasoningTags),
    /** The form of messages that it accepts. */
    messages: optional(`${prefix}_MESSAGES`, oneOf(['openai', 'plain'])),
    /** Whether it knows the role `developer`. */
    developerRole: optional(`${prefix}_DEVELOPER_ROLE`, onOrOff),
  };
}

export type CommonProviderValues = SettingValues<ReturnType<typeof makeCommonSettings>>;
export type CommonProviderOptions = SettingOptions<ReturnType<typeof makeCommonSettings>>;

/** A provider's key: a value, or the path of a file that holds it and may change at any time. */
export interface ProviderKey {
  /** Where it was given, for people: its variable, that of its file, or an option of the program. */
  readonly place: string;
  /** From the environment, or from the file at the start; absent: the file does not exist yet. */
  readonly value?: string;
  /** The file, and the variable that names it. */
  readonly file?: { readonly variable: string; readonly path: string };
}

/** A setting that holds a key or token. */
class KeySetting extends Setting<ProviderKey | undefined> {
  override read(source: Source): ProviderKey | undefined {
    const variable = `${this.name}_FILE`;
    const path = source.readText(variable);
    if (!LINE.test(path)) source.report(variable, 'hold no line break or other control character');
    const key = super.read(source);
    if (path !== '') return { ...key, place: variable, file: { variable, path } };
    return key && { ...key, place: source.describePlace(this.name) };
  }
}

/** @param isShortLived true: whatever writes the key's file may start later than this server */
export function providerKey(name: string, { isShortLived = false } = {}): Setting<ProviderKey | undefined> {
  const kind: ValueKind<ProviderKey> = (given) => {
    const value = credential(given);
    return value instanceof InvalidValue ? value : { value, place: name };
  };
  return new KeySetting(name, kind, undefined, isShortLived ? 'secret, may be written later' : 'secret');
}

/** The values of each provider's settings, by its name. Only its declaration knows the types of its own ones. */
export type ValuesByProvider = Readonly<Record<string, CommonProviderValues & Readonly<Record<string, unknown>>>>;

/** The settings of each provider, its own and those that all have, by its name. */
export function makeProviderSettings(providers: readonly ProviderDeclaration[]) {
  return Object.fromEntries(
    providers.map((provider) => [provider.name, { ...provider.settings, ...makeCommonSettings(provider) }]),
  );
}
