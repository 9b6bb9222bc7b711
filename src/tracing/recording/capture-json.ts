import { writeBoundedJson, redactBeginning, redactSecrets } from '../../kernel/index.js';
import { replaceBareBase64, replaceMedia } from './media.js';

/** Most bytes in JSON for one UTF-16 unit of a text: `\u0000`. */
const LONGEST_ESCAPE = 6;

/**
 * Writes a value as JSON for a trace with {@link writeBoundedJson}, without secrets; images, audio and files become markers.
 * @param limit about how many bytes the result may have
 */
export function captureJson(value: unknown, limit: number): string | undefined {
  const json = writeBoundedJson(value, limit, shortenText);
  // Redacted as a whole, because the key of a text can mark it as a secret.
  return json === undefined ? undefined : redactSecrets(json);
}

function shortenText(
  text: string,
  key: string | undefined,
  room: number,
): { readonly text: string; readonly beyond: number } {
  const shown = replaceMedia(replaceBareBase64(text, key), room);
  // A text that will be cut is redacted first.
  const fits = shown.length * LONGEST_ESCAPE + 2 <= room;
  return fits ? { text: shown, beyond: 0 } : redactBeginning(shown, room);
}
