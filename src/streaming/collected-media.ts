import type { AnnotationsDelta, AnswerObject, AudioDelta, ImagesDelta } from './delta.js';
import { GrowingText } from './growing-text.js';

/** A spoken answer, whole. What the upstream left out is absent. */
export interface CollectedAudio {
  readonly id?: string;
  /** In base64 and the format of the request. */
  readonly data: string;
  readonly transcript: string;
  /** Until when the id is known, in seconds since the Unix epoch. */
  readonly expiresAt?: number;
}

/** Collects what one answer holds beside text. */
export class CollectedMedia {
  readonly #annotations: AnswerObject[] = [];
  readonly #images: AnswerObject[] = [];
  readonly #data = new GrowingText();
  readonly #transcript = new GrowingText();
  #audio: { id?: string; expiresAt?: number } | undefined;

  get annotations(): readonly AnswerObject[] {
    return this.#annotations;
  }

  get images(): readonly AnswerObject[] {
    return this.#images;
  }

  /** Undefined if nothing was spoken. */
  get audio(): CollectedAudio | undefined {
    if (this.#audio === undefined) return undefined;
    return { ...this.#audio, data: joinBase64(this.#data.text), transcript: this.#transcript.text };
  }

  add(delta: AnnotationsDelta | ImagesDelta | AudioDelta): void {
    if (delta.type === 'annotations') for (const annotation of delta.annotations) this.#annotations.push(annotation);
    else if (delta.type === 'images') for (const image of delta.images) this.#images.push(image);
    else this.#addAudio(delta);
  }

  #addAudio({ id, data = '', transcript = '', expiresAt }: AudioDelta): void {
    this.#audio ??= {};
    if (id !== undefined) this.#audio.id = id;
    if (expiresAt !== undefined) this.#audio.expiresAt = expiresAt;
    this.#data.add(data);
    this.#transcript.add(transcript);
  }
}

/** One text of base64. Pieces may have been encoded each for itself: then there is padding between them, where readers stop. */
function joinBase64(pieces: string): string {
  if (!/=[^=]/.test(pieces)) return pieces;
  const parts = pieces.match(/[^=]+=*/g) ?? [];
  return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64'))).toString('base64');
}
