import { isJsonObject } from '../../kernel/index.js';
import type { OpaqueObject, AudioDelta, Delta } from '../../streaming/index.js';
import { isText } from './is-text.js';

/** The parts of a message beside text; each may be missing or of another type. */
export interface UpstreamMedia {
  readonly annotations?: unknown;
  /** OpenRouter and other gateways: `{type: "image_url", image_url: {url}}`, each whole. */
  readonly images?: unknown;
  readonly audio?: unknown;
}

/** Reads the citations, images and audio of one completion. */
export class MediaReader {
  /** JSON of the annotations so far, because some gateways repeat all of them in each chunk. */
  #annotations: Set<string> | undefined;
  #hasSound = false;

  /**
   * Adds the media of a message to `out`.
   * @param beside the choice, in which some gateways put the annotations
   * @returns what it means for the end: more audio continues the completion, and an expiry that comes alone ends audio
   * output
   */
  read(message: UpstreamMedia, beside: UpstreamMedia, out: Delta[]): 'goes on' | 'is over' | undefined {
    this.#readAnnotations(message.annotations ?? beside.annotations, out);
    pushImages(message.images, out);
    return this.#readAudio(message.audio, out);
  }

  /** Adds new sources as annotations: addresses, or objects with `url` and `title`. */
  readSources(sources: unknown, out: Delta[]): void {
    if (!Array.isArray(sources)) return;
    const annotations = sources.map((source: unknown) => {
      const { url, title = url }: { url?: unknown; title?: unknown } = isJsonObject(source) ? source : { url: source };
      // The source does not say which words of the text it supports.
      return { type: 'url_citation', url_citation: { start_index: 0, end_index: 0, url, title } };
    });
    this.#readAnnotations(
      annotations.filter(({ url_citation: { url } }) => isText(url)),
      out,
    );
  }

  #readAnnotations(annotations: unknown, out: Delta[]): void {
    if (!Array.isArray(annotations)) return;
    const known = (this.#annotations ??= new Set());
    const fresh = (annotations as OpaqueObject[]).filter(isJsonObject).filter((annotation) => {
      const { size } = known;
      return known.add(JSON.stringify(annotation)).size > size;
    });
    if (fresh.length > 0) out.push({ type: 'annotations', annotations: fresh });
  }

  #readAudio(audio: unknown, out: Delta[]): 'goes on' | 'is over' | undefined {
    if (!isJsonObject(audio)) return undefined;
    const { id, data, transcript, expires_at: expiry } = audio;
    const delta: Writable<AudioDelta> = { type: 'audio' };
    if (isText(id)) delta.id = id;
    if (isText(data)) delta.data = data;
    if (isText(transcript)) delta.transcript = transcript;
    if (Number.isSafeInteger(expiry)) delta.expiresAt = expiry as number;
    if (Object.keys(delta).length === 1) return undefined;
    out.push(delta);
    const hasMore = delta.data !== undefined || delta.transcript !== undefined;
    this.#hasSound ||= hasMore;
    if (hasMore) return 'goes on';
    return this.#hasSound && delta.expiresAt !== undefined ? 'is over' : undefined;
  }
}

/** Adds the values that are images. */
export function pushImages(values: unknown, out: Delta[]): void {
  if (!Array.isArray(values)) return;
  const images = (values as OpaqueObject[]).filter(isJsonObject);
  if (images.length > 0) out.push({ type: 'images', images });
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
