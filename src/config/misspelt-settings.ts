import { countSlips } from '../kernel/index.js';
import type { SettingWords } from './setting-words.js';

/** Names shorter than this are too similar to too many others. */
const SHORTEST = 8;
/** A name of at least this length may have two wrong letters; a shorter one may have only one. */
const LONG = 12;

/** What helps to guess which setting an unknown variable is meant for. */
interface NameHints {
  /** Names that other programs use for a setting. If they were ignored, the server would run without the setting. */
  readonly knownElsewhere: Readonly<Record<string, string>>;
  /** Variables of other programs whose names are similar to one of ours. */
  readonly foreign: ReadonlySet<string>;
  readonly words: SettingWords;
}

/**
 * Finds variables that are no settings, but whose names are so similar to one that they must be meant for it.
 * @param known all settings
 * @returns one line for each; never a value
 */
export function findMisspeltSettings(
  variables: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
  { knownElsewhere, foreign, words }: NameHints,
): string[] {
  const reduced = new Map([...known].map((name) => [name, reduce(name)]));
  return Object.keys(variables).flatMap((name) => {
    if (known.has(name) || foreign.has(name) || (variables[name]?.trim() ?? '') === '') return [];
    const meant =
      dropIfSet(Object.hasOwn(knownElsewhere, name) ? knownElsewhere[name] : undefined, variables) ??
      findNearest(name, reduced) ??
      findPrefixed(name, variables, known) ??
      dropIfSet(words.find(name, known), variables);
    return meant === undefined ? [] : [`${name} is not a setting of Millrace. Did you mean ${meant}?`];
  });
}

/** Drops a guess if that setting is there: then the other name is harmless, because it is for another program. */
function dropIfSet(
  meant: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const isSet = variables[meant ?? ''] !== undefined || variables[`${meant}_FILE`] !== undefined;
  return isSet ? undefined : meant;
}

/**
 * Finds the setting of a name such as `MILLRACE_API_KEYS`. `MILLRACE_PORT` counts only as a number: Kubernetes sets it
 * to an address for a service named millrace.
 */
function findPrefixed(
  name: string,
  variables: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): string | undefined {
  const meant = /^MILLRACE_(.+)$/i.exec(name)?.[1]?.toUpperCase() ?? '';
  return known.has(meant) && (meant !== 'PORT' || /^\d+$/.test(variables[name] ?? '')) ? meant : undefined;
}

/** @param known all settings, each with its reduced name */
function findNearest(name: string, known: ReadonlyMap<string, string>): string | undefined {
  if (name.length < SHORTEST - 1 || name.length > 100) return undefined;
  const reduced = reduce(name);
  const upper = name.toUpperCase();
  let nearest: string | undefined;
  let least = Infinity;
  for (const [other, rest] of known) {
    if (other.length < SHORTEST) continue;
    const slips = reduced === rest ? 0 : countSlips(upper, other);
    if (slips < least && slips <= (other.length < LONG ? 1 : 2)) {
      nearest = other;
      least = slips;
    }
  }
  return nearest;
}

/** Drops what is easily forgotten or confused in a name: case, underscores, and the unit of a time. */
function reduce(name: string): string {
  return name
    .toUpperCase()
    .replace(/_(MS|S|SEC|SECS|SECONDS|MILLISECONDS)$/, '')
    .replaceAll(/[_-]/g, '');
}
