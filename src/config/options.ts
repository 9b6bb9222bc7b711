import { isJsonObject, tryWriteJson } from '../kernel/index.js';
import { type EnvironmentSetting, JsonSetting, Setting, type Settings } from './setting.js';

/** A size in words, such as `10mb`. */
type Size = `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

/** The type of an option whose variable holds the same value as a text. */
type Given<T> = T extends boolean | string
  ? T
  : T extends number
    ? T | Size
    : T extends readonly (infer Item)[]
      ? readonly (Item extends string ? Item : string)[]
      : T extends Readonly<Record<string, string>>
        ? T
        : string;

type OptionKey<S, K extends keyof S> =
  S[K] extends EnvironmentSetting<unknown>
    ? never
    : S[K] extends Setting<unknown>
      ? K
      : keyof SettingOptions<S[K]> extends never
        ? never
        : K;

/** The settings as options of a program. All may be left out; then their variables are read. */
export type SettingOptions<S> = {
  readonly [K in keyof S as OptionKey<S, K>]?:
    | (S[K] extends JsonSetting<infer T>
        ? T
        : S[K] extends Setting<infer T>
          ? Given<Exclude<T, undefined>>
          : SettingOptions<S[K]>)
    | undefined;
};

/** Options, written as variables. */
export interface WrittenOptions {
  /** Values by the names of the variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where each was given: `providers.openai.key`. */
  readonly places: ReadonlyMap<string, string>;
  /** One line for each option that does not exist or cannot be written. */
  readonly faults: readonly string[];
}

/** Options beside those that are settings. */
export interface OtherOptions {
  readonly names: readonly string[];
  /** One line for each that is wrong. */
  readonly faults: readonly string[];
}

/** Writes options as the variables that they stand for, so that both are read and checked in one way. */
export function writeOptions(settings: Settings, options: object, others: OtherOptions): WrittenOptions {
  const variables: Record<string, string> = {};
  const places = new Map<string, string>();
  const faults = [...others.faults];
  const write = (group: Settings, given: object, path: string): void => {
    for (const [key, value] of Object.entries(given) as [string, unknown][]) {
      const place = path + key;
      const meant = Object.hasOwn(group, key) ? group[key] : undefined;
      if (value === undefined) continue;
      if (meant === undefined || 'isOption' in meant) {
        faults.push(
          `${place} is not an option. There are: ${[...(path === '' ? others.names : []), ...listOptions(group)].join(', ')}`,
        );
      } else if (!(meant instanceof Setting)) {
        if (isJsonObject(value)) write(meant, value, `${place}.`);
        else faults.push(`${place} must be an object`);
      } else {
        const isJson = meant instanceof JsonSetting;
        const text = isJson ? tryWriteJson(value) : toText(value);
        if (text !== undefined) variables[meant.name] = text;
        else faults.push(`${place} must be a value that can be written as ${isJson ? 'JSON' : 'a text'}`);
        places.set(meant.name, place);
      }
    }
  };
  write(settings, options, '');
  return { variables, places, faults };
}

function listOptions(group: Settings): readonly string[] {
  return Object.keys(group).filter((key) => !('isOption' in (group[key] ?? {})));
}

/** @returns undefined if the value cannot be written as a text */
function toText(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(toText).join(',');
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value)
    .map(([name, one]) => `${name}=${encodeURIComponent(String(one))}`)
    .join(',');
}
