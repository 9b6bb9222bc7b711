/** Shortest base64 text that becomes a marker, in characters. */
const SHORTEST_BARE_BASE64 = 256;

/** Keys of OpenAI's messages whose values are base64 without `data:` before it: audio, files, images. */
const BARE_BASE64_KEYS: ReadonlySet<string> = new Set(['data', 'file_data', 'b64_json']);

const DATA_URI_HEAD = /data:([\w.+-]+\/[\w.+-]+)((?:;[\w.+-]+=[\w.+-]+)*)(;base64)?,/y;
const BASE64_RUN = /[\w+/=-]*/y;

/** Whether a text holds nothing that {@link replaceMedia} would replace. */
function isPlain(text: string): boolean {
  return !text.includes('data:');
}

/**
 * Replaces images, audio and files in a text (`data:` URIs) by markers with their type and size.
 * @param enough stops once the result has this many characters, because the rest would be cut off anyway
 */
export function replaceMedia(text: string, enough: number): string {
  if (isPlain(text)) return text;
  let result = '';
  let position = 0;
  while (position < text.length && result.length < enough) {
    const start = text.indexOf('data:', position);
    if (start === -1) return result + text.slice(position);
    const uri = readDataUri(text, start);
    result += text.slice(position, start) + (uri?.marker ?? 'data:');
    position = uri?.end ?? start + 'data:'.length;
  }
  return result + text.slice(position);
}

/** Replaces a value by a marker if its key and its text look like base64. */
export function replaceBareBase64(text: string, key: string | undefined): string {
  if (key === undefined || !BARE_BASE64_KEYS.has(key) || text.length < SHORTEST_BARE_BASE64) return text;
  return /^[\w+/=-]+$/.test(text.slice(0, SHORTEST_BARE_BASE64))
    ? makeMarker('base64', measureBase64(text.length))
    : text;
}

function readDataUri(text: string, start: number): { readonly marker: string; readonly end: number } | undefined {
  DATA_URI_HEAD.lastIndex = start;
  const head = DATA_URI_HEAD.exec(text);
  // Without base64 it is text, whose end is unknown.
  if (head?.[3] === undefined) return undefined;
  const dataStart = DATA_URI_HEAD.lastIndex;
  // Usually the whole text is one URI. Looking for white space is a tenth of the work.
  const end = start === 0 && !text.includes(' ') && !text.includes('\n') ? text.length : findBase64End(text, dataStart);
  return { marker: makeMarker(head[1] ?? '', measureBase64(end - dataStart)), end };
}

function findBase64End(text: string, start: number): number {
  BASE64_RUN.lastIndex = start;
  BASE64_RUN.test(text);
  return BASE64_RUN.lastIndex;
}

function measureBase64(characters: number): number {
  return Math.floor((characters * 3) / 4);
}

function makeMarker(type: string, bytes: number): string {
  return `<${type}, about ${bytes} bytes>`;
}
