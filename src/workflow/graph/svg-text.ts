/** Any text as XML character data or as the value of a quoted attribute; what XML 1.0 cannot hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const NARROW = /[ijlIft.,:;!'|()[\]{} ]/;
const BROAD = /[A-Zmw@%]/;
const WHOLE = /[\u1100-\u11FF\u2E80-\uD7FF\uF900-\uFAFF\uFF00-\uFFEF]|\p{Extended_Pictographic}/u;

/**
 * About how wide a text is in a sans-serif font. No font is at hand here, and which one the reader has is not known, so
 * this is on the safe side.
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
 * The text, cut with an ellipsis if it is wider than it may be.
 * @param size the font's size in pixels
 * @param limit pixels
 */
export function cutText(text: string, size: number, limit: number): string {
  if (measureWidth(text, size) <= limit) return text;
  const characters = [...text];
  let width = measureWidth('…', size);
  const kept = characters.findIndex((character) => (width += measureWidth(character, size)) > limit);
  return `${characters.slice(0, Math.max(kept, 1)).join('').trimEnd()}…`;
}
