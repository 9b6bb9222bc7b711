/** Middle of the samples; NaN if there are none. @param {readonly number[]} samples */
export function computeMedian(samples) {
  const sorted = samples.filter((sample) => Number.isFinite(sample)).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * From the least to the greatest sample, as a part of the median; NaN for fewer than two.
 * @param {readonly number[]} samples
 */
export function computeNoise(samples) {
  const finite = samples.filter((sample) => Number.isFinite(sample));
  return finite.length < 2 ? Number.NaN : (Math.max(...finite) - Math.min(...finite)) / computeMedian(finite);
}

/**
 * What the rounds of one load have in a metric.
 * @param {readonly Record<string, number>[]} rounds
 * @param {string} metric
 */
export function listSamples(rounds, metric) {
  return (rounds ?? []).map((round) => round[metric]);
}
