import { boundedJson } from '../../kernel/index.js';
import { withoutBareBase64, withoutMedia } from './media.js';

/**
 * A value as JSON for a trace, as {@link boundedJson} makes it; images, audio and files are replaced by markers.
 * @param limit about how many bytes the result may have
 */
export function capturedJson(value: unknown, limit: number): string | undefined {
  return boundedJson(value, limit, withoutMediaIn);
}

function withoutMediaIn(text: string, key: string | undefined, room: number): string {
  return withoutMedia(withoutBareBase64(text, key), room);
}
