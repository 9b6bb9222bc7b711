import { promisify } from 'node:util';
import { deflateRaw, inflateRawSync } from 'node:zlib';
import { LONGEST_PACKED, PACKING_DICTIONARY } from './packing-dictionary.js';

const deflate = promisify(deflateRaw);

/** No JSON begins with it. After it come the number of characters, this mark again, and Base64. */
const MARK = '~';

const dictionary = Buffer.from(PACKING_DICTIONARY);

/**
 * @param longest most characters that are packed
 * @returns the text in a form that takes less room, which {@link unpackText} reads; itself if there is none
 */
export async function packText(text: string, longest = LONGEST_PACKED): Promise<string> {
  if (text.length > longest) return text;
  const packed = await deflate(text, { dictionary });
  const marked = `${MARK}${text.length}${MARK}${packed.toString('base64')}`;
  return marked.length < text.length ? marked : text;
}

/** The text that {@link packText} was given, or the text itself if it is not packed. */
export function unpackText(text: string): string {
  if (!text.startsWith(MARK)) return text;
  const packed = text.slice(text.indexOf(MARK, MARK.length) + MARK.length);
  return inflateRawSync(Buffer.from(packed, 'base64'), { dictionary }).toString();
}
