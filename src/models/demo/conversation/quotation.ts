/** The beginning of a text, at most `limit` UTF-16 code units, without half a character at its end. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, (last & 0xfc00) === 0xd800 ? limit - 1 : limit);
}

/** A text on one line in quotation marks, without its full stop, shortened to about `limit` code units between words. */
export function quote(text: string, limit = 160): string {
  const line = clip(text, limit * 4)
    .replace(/\s+/g, ' ')
    .trim()
    .replaceAll('“', '‘')
    .replaceAll('”', '’');
  if (line.length <= limit && text.length <= limit * 4) return `“${line.replace(/(?<!\.)\.$/, '')}”`;
  const cut = clip(line, limit);
  const space = cut.lastIndexOf(' ');
  return `“${space > limit / 2 ? cut.slice(0, space) : cut} …”`;
}

/** Words as an English list: "a", "a and b", "a, b and c". */
export function listing(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** "1 message", "2 messages". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function capitalised(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length);
}

/** The text with plain apostrophes, which the rules' patterns are written with. */
export function plainly(text: string): string {
  return text.replaceAll('’', "'");
}
