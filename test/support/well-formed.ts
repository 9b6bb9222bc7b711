const TAG = /<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<>&]*(?:&#\d+;[^"<>&]*)*")*)\s*(\/?)>/y;
const TEXT = /(?:[^<>&]|&#\d+;)+/y;
/** The characters that XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets). */
const NO_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/**
 * Checks a document of elements, attributes in double quotes, text and numeric character references: the part of XML that
 * the drawings use.
 * @throws Error that says where it is not well-formed
 */
export function assertWellFormed(document: string): void {
  const bad = NO_CHARACTER.exec(document);
  if (bad) throw new Error(`Character ${bad[0].codePointAt(0)} at ${bad.index}`);
  const open: string[] = [];
  let position = 0;
  let roots = 0;
  while (position < document.length) {
    TAG.lastIndex = TEXT.lastIndex = position;
    const tag = TAG.exec(document);
    const text = tag === null ? TEXT.exec(document) : null;
    const fault = (what: string): Error =>
      new Error(`${what} at ${position}: ${document.slice(position, position + 80)}`);
    if (tag !== null) {
      const [all, closing, name = '', attributes = '', empty] = tag;
      const names = [...attributes.matchAll(/([\w:-]+)="/g)].map(([, attribute]) => attribute);
      if (new Set(names).size < names.length) throw fault('An attribute given twice');
      if (closing === '/') {
        if (open.pop() !== name) throw fault('An end tag without its start');
      } else {
        if (open.length === 0) roots++;
        if (empty !== '/') open.push(name);
      }
      position += all.length;
    } else if (text !== null && (open.length > 0 || text[0].trim() === '')) {
      position += text[0].length;
    } else {
      throw fault('No tag and no text');
    }
  }
  if (open.length > 0 || roots !== 1) throw new Error(`Open at the end: ${open.join(', ')}; ${roots} root elements`);
}
