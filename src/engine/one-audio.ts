import type { AudioDelta, Delta, TextDelta } from '../streaming/index.js';

/**
 * An answer has one sound, with one id: that of the first step that speaks aloud. What is spoken after it, by another step or in
 * another answer of the same one, is told as text: files of sound cannot be joined, and clients that put pieces together by
 * concatenation would take two ids for one.
 */
export class OneAudio {
  #node: string | undefined;
  #id: string | undefined;
  #hasExpiry = false;
  #isOver = false;

  /** The piece as the client is to get it; undefined if nothing is left of it. */
  take(node: string, delta: AudioDelta): AudioDelta | (TextDelta & { readonly type: 'content' }) | undefined {
    this.#node ??= node;
    this.#isOver ||= node !== this.#node || (delta.id !== undefined && this.#id !== undefined && delta.id !== this.#id);
    const { transcript = '' } = delta;
    if (this.#isOver) return transcript === '' ? undefined : { type: 'content', text: transcript };
    const { id, expiresAt, ...piece } = delta;
    const isNewId = id !== undefined && this.#id === undefined;
    const isNewExpiry = expiresAt !== undefined && !this.#hasExpiry;
    this.#id ??= id;
    this.#hasExpiry ||= isNewExpiry;
    const told = { ...piece, ...(isNewId && { id }), ...(isNewExpiry && { expiresAt }) };
    return saysMore(told) ? told : undefined;
  }
}

/** There is more in it than its type. */
function saysMore(delta: Delta): boolean {
  return Object.keys(delta).length > 1;
}
