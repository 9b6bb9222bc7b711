/** Base64 shorter than this is no medium worth a marker, in characters. */
const SHORTEST_BARE_BASE64 = 256;

/** Where OpenAI's messages hold base64 without `data:` before it: audio, files, images. */
const BARE_BASE64_KEYS: ReadonlySet<string> = new Set(['data', 'file_data', 'b64_json']);

const DATA_URI_HEAD = /data:([\w.+-]+\/[\w.+-]+)((?:;[\w.+-]+=[\w.+-]+)*)(;base64)?,/y;
const BASE64_RUN = /[\w+/=-]*/y;

/** True if the text holds nothing that {@link replaceMedia} would replace. */
function isPlain(text: string): boolean {
  return !text.includes('data:');
}

/**
 * Replaces images, audio and files that stand in a text as `data:` URIs by markers that tell their type and size.
 * @param enough stops when the result has this many characters: what follows would be cut off anyway
 */
export function replaceMedia(text: string, enough: number): string {
  if (isPlain(text)) return text;
  let result = '';
  let position = 0;
  while (position < text.length && result.length < enough) {
    const start = text.indexOf('data:', position);
    if (start === -1) return result + text.slice(position);
    const uri = readDataUri(text, start);
    result += text.slice(position, start) + (uri?.writeMarker ?? 'data:');
    position = uri?.end ?? start + 'data:'.length;
  }
  return result + text.slice(position);
}

/** A marker in place of a value that is base64 by its key and looks, or the value itself. */
export function replaceBareBase64(text: string, key: string | undefined): string {
  if (key === undefined || !BARE_BASE64_KEYS.has(key) || text.length < SHORTEST_BARE_BASE64) return text;
  return /^[\w+/=-]+$/.test(text.slice(0, SHORTEST_BARE_BASE64)) ? marker('base64', measureBase64(text.length)) : text;
}

function readDataUri(text: string, start: number): { readonly writeMarker: string; readonly end: number } | undefined {
  DATA_URI_HEAD.lastIndex = start;
  const head = DATA_URI_HEAD.exec(text);
  // Without base64 it is text, and nothing says where it ends.
  if (head?.[3] === undefined) return undefined;
  const dataStart = DATA_URI_HEAD.lastIndex;
  // The usual case: the whole text is the medium. To look for white space is a tenth of the work.
  const end = start === 0 && !text.includes(' ') && !text.includes('\n') ? text.length : findBase64End(text, dataStart);
  return { writeMarker: marker(head[1] ?? '', measureBase64(end - dataStart)), end };
}

function findBase64End(text: string, start: number): number {
  BASE64_RUN.lastIndex = start;
  BASE64_RUN.test(text);
  return BASE64_RUN.lastIndex;
}

function measureBase64(characters: number): number {
  return Math.floor((characters * 3) / 4);
}

function marker(type: string, bytes: number): string {
  return `<${type}, about ${bytes} bytes>`;
}
