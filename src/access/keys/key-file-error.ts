/** Most faults that are named; the others are counted. */
const MOST_FAULTS = 100;

/** A key file cannot be used. The message quotes no hash. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  /** One line for each fault, with its entry: the first hundred, and a count of the others. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const more = faults.length - MOST_FAULTS;
    const named = more > 0 ? [...faults.slice(0, MOST_FAULTS), `… and ${more} more faults`] : faults;
    super(named.join('; '));
    this.faults = named;
  }
}
