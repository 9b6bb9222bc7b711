/**
 * Deepest JSON that is parsed. Captured JSON is never this deep, but a user's text can be: it could be parsed, but
 * serializing it again would overflow the stack.
 */
const DEEPEST = 64;

/**
 * Parses a captured text for Langfuse: JSON of an object or a list becomes a value, anything else stays text. Never throws.
 */
export function parseCaptured(text: string): unknown {
  if (!/^\s*[[{]/.test(text) || isDeeperThan(DEEPEST, text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Applies {@link parseCaptured} to each text. */
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
