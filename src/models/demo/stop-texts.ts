/**
 * Where a text ends if it must end before any of the stop texts: the offset of the one that is complete first, because a
 * model that generates from left to right notices that one. Undefined if none occurs.
 */
export function findStop(text: string, stopTexts: readonly string[]): number | undefined {
  let first: { readonly start: number; readonly end: number } | undefined;
  for (const stopText of stopTexts) {
    const start = text.indexOf(stopText);
    if (start < 0) continue;
    const end = start + stopText.length;
    if (first === undefined || end < first.end || (end === first.end && start < first.start)) first = { start, end };
  }
  return first?.start;
}
