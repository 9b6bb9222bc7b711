/**
 * Characters that a reader does not see as what they are: control characters (line breaks and terminal escapes among them),
 * formatting ones (that turn the direction of text, or have no width), the two Unicode line ends, and halves of a character.
 */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** The same without the line feed. */
export const CONTROLS_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const PRINTABLE_ASCII = /^[ -~]*$/;
/** A line feed in front of a line that is not indented. */
const LINE_START = /\n(?! )/g;

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** Escapes such characters as JSON does (`\n`, `\u001b`), so that the text is one line that shows what it holds. */
export function escapeControls(text: string): string {
  // Most texts are plain ASCII, which is checked much faster.
  return PRINTABLE_ASCII.test(text) ? text : text.replace(CONTROLS, escapeCharacter);
}

/**
 * Escapes the same characters in a text of several lines, such as a stack, but keeps its line feeds. Every line but the first is
 * indented, so that none can pass for a log entry of its own.
 */
export function escapeControlsInLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROLS_IN_LINES, escapeCharacter).replace(LINE_START, '\n    ');
}

function escapeCharacter(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  let escaped = '';
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}
