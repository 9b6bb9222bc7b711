/** These characters stand around a formula whose end has not come yet. They are removed from the text before. */
export const UNFINISHED_BEGIN = '\uE0F0';
export const UNFINISHED_END = '\uE0F1';

/** A row of a table. The first line of one must have more than one cell, or it might be `|x|`. */
const ROW = /^ {0,3}\|(?:[ \t]|[^|\n]+\|[^|\n]+\|).*$/;

/**
 * Completes Markdown that is still being written, so that it looks from the beginning as it will in the end: marks that
 * have no counterpart yet get one, or are left out.
 * @param {string} text the last block of a text
 * @param {boolean} isParagraph true if it is no list, table, heading or quote
 */
export function complete(text, isParagraph) {
  if (isParagraph) {
    const lines = text.split('\n');
    const hasSecond = lines.length > 1 && /^[ \t|:-]*$/.test(lines.at(-1) ?? '');
    const [header = '', alignment = ''] = lines.slice(hasSecond ? -2 : -1);
    if (ROW.test(header)) return [...lines.slice(0, hasSecond ? -2 : -1), completeTable(header, alignment)].join('\n');
  }
  // Emphasis ends with its line in lists and tables, and with its paragraph elsewhere.
  const from = isParagraph ? 0 : text.lastIndexOf('\n') + 1;
  return text.slice(0, from) + completeLine(text.slice(from));
}

/** @param {string} header @param {string} alignment as far as it has come */
function completeTable(header, alignment) {
  const cells = header
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
    .split(/(?<!\\)\|/);
  const given = alignment.trim().replace(/^\|/, '').split('|');
  const marks = cells.map((_, index) => (/^\s*:?-+:?\s*$/.test(given[index] ?? '') ? given[index] : '---'));
  return `${header}\n|${marks.join('|')}|`;
}

/** @param {string} line */
function completeLine(line) {
  /** Marks of emphasis that wait for their end. @type {string[]} */
  const open = [];
  for (let index = 0; index < line.length; index++) {
    const rest = line.slice(index, index + 400);
    const formula = /^(?:\\\(|\\\[|\$\$)/.exec(rest)?.[0];
    if (formula !== undefined) {
      const end = line.indexOf({ '\\(': '\\)', '\\[': '\\]', $$: '$$' }[formula] ?? '', index + 2);
      if (end < 0) return line.slice(0, index) + UNFINISHED_BEGIN + line.slice(index) + UNFINISHED_END;
      index = end + 1;
    } else if (line[index] === '\\') index++;
    else if (line[index] === '`') {
      const [marks = ''] = /^`+/.exec(rest) ?? [];
      const end = findEnd(line, marks, index + marks.length);
      if (end === undefined) return closeEmphasis(closeCode(line, marks, index), open);
      index = end - 1;
    } else if (line[index] === '*' || line[index] === '_' || rest.startsWith('~~')) {
      const [marks = ''] = /^(?:\*+|_+|~+)/.exec(rest) ?? [];
      const last = open.at(-1) ?? '';
      const isHalfEnd = last.startsWith(marks) && marks.length < last.length && line.slice(index).trimEnd() === marks;
      if (isHalfEnd) return closeEmphasis(line.slice(0, index), open);
      countEmphasis(open, marks, line[index - 1] ?? ' ', line[index + marks.length] ?? ' ');
      index += marks.length - 1;
    }
  }
  return closeEmphasis(completeLink(line), open);
}

/**
 * @param {string} line
 * @param {string} marks
 * @param {number} from
 * @returns {number | undefined} where the code after it ends
 */
function findEnd(line, marks, from) {
  for (const { 0: run, index } of line.slice(from).matchAll(/`+/g))
    if (run === marks) return from + index + marks.length;
  return undefined;
}

/** @param {string} line @param {string} marks @param {number} index of the marks */
function closeCode(line, marks, index) {
  const code = line.slice(index + marks.length);
  // The end of longer marks may have come in part.
  const inner = marks.length > 1 ? code.replace(/`+$/, '') : code;
  return inner.trim() === '' ? line.slice(0, index) : line.slice(0, index) + marks + inner.trimEnd() + marks;
}

/** @param {string[]} open @param {string} marks @param {string} before @param {string} after */
function countEmphasis(open, marks, before, after) {
  const isInWord = marks[0] === '_' && /\w/.test(before) && /\w/.test(after);
  if (isInWord) return;
  if (/\S/.test(before) && open.at(-1)?.[0] === marks[0]) open.pop();
  else if (/\S/.test(after)) open.push(marks);
}

/** A link has only its words until its address is complete; a picture is nothing until then. @param {string} line */
function completeLink(line) {
  const [all, sign = '', words = ''] = /(?<![\w\]])(!?)\[([^[\]\n]*)(?:\](?:\([^()\s]*)?)?$/.exec(line) ?? [];
  if (all === undefined || (all.endsWith(']') && sign === '')) return line;
  return line.slice(0, -all.length) + (sign === '' ? words : '');
}

/** @param {string} line @param {readonly string[]} open */
function closeEmphasis(line, open) {
  // Marks at the end may be the beginning of more than they are now.
  const begun = /(?:(?<=\S\s)[*_]+|(?<!\S)~+)$/.exec(line.trimEnd());
  const rest = begun === null ? line : line.slice(0, begun.index);
  const bare = rest.trimEnd();
  return open.length === 0 ? rest : bare + open.toReversed().join('') + rest.slice(bare.length);
}
