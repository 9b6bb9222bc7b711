/** Everything that is measured of one load's requests. Times are in microseconds. */
export class Tally {
  requests = 0;
  tokens = 0;
  reads = 0;
  bytes = 0;
  /** How many requests there were for each thing that went wrong. @type {Map<string, number>} */
  errors = new Map();
  #firstToken = [];
  #age = [];
  #gap = [];
  #total = [];

  addFirstToken(time) {
    this.#firstToken.push(time);
  }

  /** From its writing by the upstream to its reading here. */
  addToken(age) {
    this.tokens++;
    this.#age.push(age);
  }

  /** Between two reads with tokens of one completion. */
  addGap(time) {
    this.#gap.push(time);
  }

  addEnd(time) {
    this.requests++;
    this.#total.push(time);
  }

  addError(what) {
    this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
  }

  /** Plain numbers, to be sent to another process. */
  summarize() {
    const { requests, tokens, reads, bytes } = this;
    return {
      requests,
      tokens,
      reads,
      bytes,
      errors: Object.fromEntries(this.errors),
      ...computeQuantiles('firstToken', this.#firstToken),
      ...computeQuantiles('token', this.#age),
      ...computeQuantiles('gap', this.#gap),
      ...computeQuantiles('total', this.#total),
    };
  }
}

/** Nothing where nothing was measured: NaN would not survive JSON. */
function computeQuantiles(name, samples) {
  if (samples.length === 0) return {};
  const sorted = Float64Array.from(samples).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  return { [`${name}P50`]: at(0.5), [`${name}P99`]: at(0.99) };
}
