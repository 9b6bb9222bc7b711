const encoder = new TextEncoder();

/**
 * Cuts a text to its beginning, with a marker that says how much was cut off; a text that fits stays as it is.
 * @param limit most bytes of the beginning, in UTF-8
 * @param beyond characters after the text that were left out already
 */
export function cutText(text: string, limit: number, beyond = 0): string {
  // No character takes less than a byte, and none more than three bytes for each of its units.
  const fits = text.length * 3 <= limit || (text.length <= limit && Buffer.byteLength(text) <= limit);
  if (fits && beyond === 0) return text;
  const buffer = Buffer.allocUnsafe(limit);
  const { read, written } = encoder.encodeInto(text.length > limit ? text.slice(0, limit) : text, buffer);
  // Decoded anew, because a slice would keep the whole text in memory.
  return (
    buffer.toString('utf8', 0, written) +
    writeCutMarker(text.length - read + beyond, text.length + beyond, 'characters')
  );
}

/** Writes the marker in place of what was cut off. */
export function writeCutMarker(cut: number, of: number, what: string): string {
  return `…[${cut} of ${of} ${what} cut off]`;
}
