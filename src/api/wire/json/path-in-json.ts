import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../../../kernel/index.js';
import { beginsNumber, findNumberEnd, findStringEnd } from './tokens.js';

/** Names that may appear in a path, and in a response, as they are. */
const PLAIN = /^[\w$-]{1,64}$/;
/** Longest path, in characters. */
const LONGEST = 256;

/** An object or array that has not ended: the number of the item in an array, the bytes of the name in an object. */
interface OpenContainer {
  item: number | undefined;
  name: readonly [from: number, end: number] | undefined;
}

/**
 * Finds the place of a byte in JSON, as a path such as `tools[0].function.parameters`. The path ends before the first name that
 * must not appear in a response. Null if that is the very first name, or if the byte is in no object or array.
 * @param bytes up to `at`, of bounded depth
 */
export function findPath(bytes: Buffer, at: number): string | null {
  let path = '';
  for (const { item, name } of findOpenValues(bytes, at)) {
    let step = '';
    if (item !== undefined) step = `[${item}]`;
    else if (name !== undefined) {
      const plain = readName(bytes, name);
      if (plain === undefined) break;
      step = path === '' ? plain : `.${plain}`;
    }
    if (path.length + step.length > LONGEST) break;
    path += step;
  }
  return path === '' ? null : path;
}

/** The objects and arrays that are open before a byte, the outermost first. */
function findOpenValues(bytes: Buffer, end: number): readonly OpenContainer[] {
  const open: OpenContainer[] = [];
  let string: readonly [number, number] | undefined;
  let at = 0;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    const inner = open.at(-1);
    if (byte === QUOTE) {
      const close = findStringEnd(bytes, at + 1);
      string = [at, close + 1];
      at = close;
    } else if (byte === COLON && inner !== undefined) inner.name = string;
    else if (byte === COMMA && inner?.item !== undefined) inner.item++;
    else if (byte === OPEN_BRACKET) open.push({ item: 0, name: undefined });
    else if (byte === OPEN_BRACE) open.push({ item: undefined, name: undefined });
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) open.pop();
    else if (beginsNumber(byte)) at = findNumberEnd(bytes, at) - 1;
    at++;
  }
  return open;
}

function readName(bytes: Buffer, [from, end]: readonly [number, number]): string | undefined {
  try {
    const name: unknown = JSON.parse(bytes.toString('utf8', from, end));
    return typeof name === 'string' && PLAIN.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}
