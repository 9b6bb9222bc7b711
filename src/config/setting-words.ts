import type { ProviderDeclaration } from './provider-settings.js';

/** Words that mean the same in names of settings. */
const SAME: Readonly<Record<string, string>> = {
  MIN: 'MINUTE',
  ENV: 'ENVIRONMENT',
  AUD: 'AUDIENCE',
  URI: 'URL',
  ADDRESS: 'URL',
  ENDPOINT: 'URL',
  HOST: 'URL',
  SERVER: 'URL',
};
/** Units: names often leave them out, or have another one. */
const UNIT = /^(?:MS|S|SECS?|SECONDS?|MILLISECONDS)$/;
/** Words that do not change what a name means. */
const FILLERS: ReadonlySet<string> = new Set(['NAME', 'DEFAULT', 'MODE', 'VALUE', 'SIZE']);
/** First words of our own variables. An unknown name that begins with one is taken for a setting if two of its words fit. */
const OWN = ['LIMIT', 'UPSTREAM', 'TRACING', 'IDEMPOTENCY', 'JWT', 'LANGFUSE', 'OTEL'];
/** A name that begins with one of these is meant for this server, whatever else it says. */
const OURS_ALONE: ReadonlySet<string> = new Set(['LIMIT', 'UPSTREAM', 'TRACING', 'IDEMPOTENCY'].map(stem));
/** First words of variables that other programs use. */
const SHARED = ['HTTP', 'HTTPS', 'NO', 'REDIS'];

/** The first words of variables that the providers of models have. */
type ProviderPrefixes = Pick<ProviderDeclaration, 'ownPrefixes' | 'sharedPrefixes'>;

/** Finds settings by the words in their names. */
export class SettingWords {
  readonly #own: ReadonlySet<string>;
  readonly #shared: ReadonlySet<string>;
  /**
   * The words of each setting, kept because more than a hundred settings are compared with each variable of the
   * environment.
   */
  readonly #known = new Map<string, ReadonlySet<string>>();

  constructor(providers: readonly ProviderPrefixes[]) {
    this.#own = new Set([...OWN, ...providers.flatMap(({ ownPrefixes = [] }) => ownPrefixes)].map(stem));
    this.#shared = new Set([...SHARED, ...providers.flatMap(({ sharedPrefixes = [] }) => sharedPrefixes)].map(stem));
  }

  /**
   * Finds the setting that an unknown name means in other words: the same words in another form (`LIMIT_REQUESTS_PER_MIN`),
   * some of them (`LANGFUSE_ENABLED`, `UPSTREAM_RETRIES`), or one too many (`OPENAI_MODEL_NAME`).
   * @returns undefined if none is near enough
   */
  find(name: string, known: ReadonlySet<string>): string | undefined {
    const words = splitWords(name);
    const [first = ''] = words;
    if (words.size < 2 || this.#shared.has(first)) return undefined;
    let best: { readonly name: string; readonly shared: number; readonly others: number } | undefined;
    for (const other of known) {
      if (!other.startsWith(first.slice(0, 3))) continue;
      const meant = this.#split(other);
      if (meant.size < 2 || !meant.has(first)) continue;
      const shared = [...words].filter((word) => meant.has(word)).length;
      if (!this.#isSame(words, meant, shared)) continue;
      const others = meant.size - shared;
      if (best === undefined || shared > best.shared || (shared === best.shared && others < best.others))
        best = { name: other, shared, others };
    }
    return best?.name;
  }

  #split(known: string): ReadonlySet<string> {
    const words = this.#known.get(known) ?? splitWords(known);
    this.#known.set(known, words);
    return words;
  }

  #isSame(words: ReadonlySet<string>, meant: ReadonlySet<string>, shared: number): boolean {
    const [first = ''] = words;
    if (shared === words.size) return shared === meant.size || words.size > 2 || this.#own.has(first);
    if (shared === meant.size) return [...words].every((word) => meant.has(word) || FILLERS.has(word));
    return shared > 1 && OURS_ALONE.has(first);
  }
}

function splitWords(name: string): ReadonlySet<string> {
  const words = name.toUpperCase().split(/[_-]+/);
  return new Set(words.filter((word) => word !== '' && !UNIT.test(word)).map((word) => stem(SAME[word] ?? word)));
}

/** A word without its ending, so that `TRUSTED` and `TRUST`, `TRACE` and `TRACING` are one. */
function stem(word: string): string {
  return word.length < 5 ? word : word.replace(/IES$/, 'Y').replace(/(?:ING|ED|ES|E|S)$/, '');
}
