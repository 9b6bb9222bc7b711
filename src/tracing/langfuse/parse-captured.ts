/**
 * No value that was captured as JSON is this deep. A user's text can be: it could be parsed, but writing it again would
 * take more stack than there is.
 */
const DEEPEST = 64;

/**
 * A captured text as Langfuse shows it best: JSON of an object or list as that value, anything else as the text.
 * Never throws.
 */
export function parseCaptured(text: string): unknown {
  if (!/^\s*[[{]/.test(text) || isDeeperThan(DEEPEST, text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** {@link parseCaptured} of each. */
export function parseAllCaptured(texts: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parseCaptured(text)]));
}

function isDeeperThan(limit: number, json: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (inString && character === '\\') index++;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === '[' || character === '{')) depth++;
    else if (!inString && (character === ']' || character === '}')) depth--;
    if (depth > limit) return true;
  }
  return false;
}
