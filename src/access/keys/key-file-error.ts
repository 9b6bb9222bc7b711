/** So many faults are named; the others are counted. */
const MOST_FAULTS = 100;

/** A file of keys is not what it must be. Quotes no hash. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  /** One line each; names the entry. The first hundred. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const more = faults.length - MOST_FAULTS;
    const named = more > 0 ? [...faults.slice(0, MOST_FAULTS), `… and ${more} more faults`] : faults;
    super(named.join('; '));
    this.faults = named;
  }
}
