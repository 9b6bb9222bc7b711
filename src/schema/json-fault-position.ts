const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Characters below this one must be escaped in a string. */
const SPACE_CODE = 0x20;

const SPACE = /[ \t\r\n]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const ESCAPE_START = /^\\(?:u[0-9a-fA-F]{0,3})?$/;
const WORD = /[\w.+-]+/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NUMBER_START = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*|(?:\.\d+)?[eE][+-]?\d*)?)?$/;
const LITERALS = ['true', 'false', 'null'];

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end' | 'nothing';

/**
 * Where text that `JSON.parse` refused stops being JSON: the index of the first token that cannot stand there, or the
 * text's length if it only ends too soon. The engine's own message quotes the text and often tells no position.
 */
export function jsonFaultPosition(text: string): number {
  const open: ('}' | ']')[] = [];
  let expected: Expected = 'value';
  let position = 0;
  for (;;) {
    position = endOf(SPACE, text, position) ?? position;
    const token = text.charAt(position);
    const takesValue = expected === 'value' || expected === 'value or ]';
    let end: number | undefined = position + 1;
    if (token === '') return position;
    if (token === '{' && takesValue) {
      open.push('}');
      expected = 'key or }';
    } else if (token === '[' && takesValue) {
      open.push(']');
      expected = 'value or ]';
    } else if (
      (token === '}' && (expected === 'key or }' || expected === 'comma or end')) ||
      (token === ']' && (expected === 'value or ]' || expected === 'comma or end'))
    ) {
      if (open.pop() !== token) return position;
      expected = open.length === 0 ? 'nothing' : 'comma or end';
    } else if (token === ',' && expected === 'comma or end') {
      expected = open.at(-1) === '}' ? 'key' : 'value';
    } else if (token === ':' && expected === 'colon') {
      expected = 'value';
    } else if (token === '"' && (expected === 'key' || expected === 'key or }')) {
      end = endOfString(text, position);
      expected = 'colon';
    } else if (takesValue) {
      end = token === '"' ? endOfString(text, position) : endOfWord(text, position);
      expected = open.length === 0 ? 'nothing' : 'comma or end';
    } else return position;
    if (end === undefined) return position;
    position = end;
  }
}

function endOf(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/**
 * The end of a string. One that the end of the text cuts off ends there: nothing else is wrong with it. Not one regular
 * expression, because those overflow the stack on strings of some megabytes.
 */
function endOfString(text: string, from: number): number | undefined {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code < SPACE_CODE) return undefined;
    if (code === BACKSLASH) {
      const end = endOf(ESCAPE, text, i);
      if (end === undefined) return ESCAPE_START.test(text.slice(i, i + 6)) ? text.length : undefined;
      i = end - 1;
    }
  }
  return text.length;
}

/** The end of a number, `true`, `false` or `null`; of the start of one if the text ends with it. */
function endOfWord(text: string, from: number): number | undefined {
  const end = endOf(WORD, text, from);
  if (end === undefined) return undefined;
  const word = text.slice(from, end);
  if (LITERALS.includes(word) || NUMBER.test(word)) return end;
  const cutOff = LITERALS.some((literal) => literal.startsWith(word)) || NUMBER_START.test(word);
  return end === text.length && cutOff ? end : undefined;
}
