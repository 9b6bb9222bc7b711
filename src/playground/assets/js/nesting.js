/** Quotes and lists in one another: a reader sees no more than a few. */
const DEEPEST = 32;
/** Emphasis that has begun in one block and not ended. */
const MOST_OPEN = 100;
/** Brackets that have opened in one block and not closed. */
const MOST_BRACKETS = 500;

/** The next mark of a quote or a list's item, at the begin of a line or behind another one. */
const MARK = /[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$))/y;
const RULE = /^[ \t]*([*_-])(?:[ \t]*\1){2,}[ \t]*$/;
const FENCE = /^[ \t>]*(?:`{3,}|~{3,})/;

/**
 * True for Markdown that goes deeper than anybody writes. A parser works on each level by a call of its own, so that a few
 * thousand `>` or `*` overflow its stack, or keep it busy for minutes. Linear in the text's length; may say true too early,
 * for text that has the marks but not the meaning.
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
      else open = openAfter(run, prose[index - 1] ?? ' ', prose[index + run.length] ?? ' ', open);
      if (open > MOST_OPEN || brackets > MOST_BRACKETS) return true;
    }
  }
  return false;
}

/**
 * How much emphasis is open behind a run of its marks. @param {string} run @param {string} before @param {string} after
 * @param {number} open
 */
function openAfter(run, before, after, open) {
  if (run[0] === '_' && /\w/.test(before) && /\w/.test(after)) return open;
  const levels = Math.ceil(run.length / 2);
  const [begins, ends] = [/\S/.test(after), /\S/.test(before)];
  if (ends && (open > 0 || !begins)) return Math.max(open - levels, 0);
  return begins ? open + levels : open;
}
