/** Deepest nesting of quotes and lists; readers see no more than a few levels. */
const DEEPEST = 32;
/** Most emphasis that may have begun in one block and not ended. */
const MOST_OPEN = 100;
/** Most brackets that may have opened in one block and not closed. */
const MOST_BRACKETS = 500;

/** The next mark of a quote or a list's item, at the beginning of a line or after another mark. */
const MARK = /[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$))/y;
const RULE = /^[ \t]*([*_-])(?:[ \t]*\1){2,}[ \t]*$/;
const FENCE = /^[ \t>]*(?:`{3,}|~{3,})/;

/**
 * True for Markdown that goes deeper than anybody writes. The parser calls itself for each level, so that a few
 * thousand `>` or `*` overflow its stack, or keep it busy for minutes. Linear in the text's length. It may also be true
 * for text that has the marks without their meaning.
 * @param {string} text
 */
export function isTooNested(text) {
  /** Places of the list marks around the line. @type {number[]} */
  const lists = [];
  let isCode = false;
  let open = 0;
  let brackets = 0;
  for (const line of text.split('\n')) {
    if (RULE.test(line)) continue;
    let quotes = 0;
    for (MARK.lastIndex = 0; MARK.test(line);) {
      const place = MARK.lastIndex;
      if (line[place - 1] === '>') quotes++;
      else {
        while ((lists.at(-1) ?? -1) >= place) lists.pop();
        lists.push(place);
      }
      if (quotes + lists.length > DEEPEST) return true;
    }
    if (FENCE.test(line)) isCode = !isCode;
    if (isCode) continue;
    if (line.trim() === '') open = brackets = 0;
    const prose = line.replaceAll(/`[^`]*`/g, 'x');
    for (const { 0: run, index } of prose.matchAll(/[*_]+|~+|[[\]]/g)) {
      if (run === '[') brackets++;
      else if (run === ']') brackets = Math.max(brackets - 1, 0);
      else open = countOpen(run, prose[index - 1] ?? ' ', prose[index + run.length] ?? ' ', open);
      if (open > MOST_OPEN || brackets > MOST_BRACKETS) return true;
    }
  }
  return false;
}

/**
 * Counts the emphasis that is open after a run of its marks. @param {string} run @param {string} before @param {string}
 * after
 * @param {number} open
 */
function countOpen(run, before, after, open) {
  if (run[0] === '_' && /\w/.test(before) && /\w/.test(after)) return open;
  const levels = Math.ceil(run.length / 2);
  const [begins, ends] = [/\S/.test(after), /\S/.test(before)];
  if (ends && (open > 0 || !begins)) return Math.max(open - levels, 0);
  return begins ? open + levels : open;
}
