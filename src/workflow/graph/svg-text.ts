/** Escapes a text for XML character data or a quoted attribute; characters that XML 1.0 cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const NARROW = /[ijlIft.,:;!'|()[\]{} ]/;
const BROAD = /[A-Zmw@%]/;
const WHOLE = /[\u1100-\u11FF\u2E80-\uD7FF\uF900-\uFAFF\uFF00-\uFFEF]|\p{Extended_Pictographic}/u;

/**
 * Estimates the width of a text in a sans-serif font. The reader's font is not known, so the estimate is rather too wide.
 * @param size the font's size in pixels
 * @returns pixels
 */
export function measureWidth(text: string, size: number): number {
  let ems = 0;
  for (const character of text) {
    ems += NARROW.test(character) ? 0.36 : WHOLE.test(character) ? 1.05 : BROAD.test(character) ? 0.76 : 0.62;
  }
  return ems * size;
}

/**
 * Cuts a text that is too wide, with an ellipsis at its end.
 * @param size the font's size in pixels
 * @param limit the greatest width in pixels
 */
export function shortenToWidth(text: string, size: number, limit: number): string {
  if (measureWidth(text, size) <= limit) return text;
  const characters = [...text];
  let width = measureWidth('…', size);
  const kept = characters.findIndex((character) => (width += measureWidth(character, size)) > limit);
  return `${characters.slice(0, Math.max(kept, 1)).join('').trimEnd()}…`;
}
