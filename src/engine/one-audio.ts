import type { AudioDelta, Delta, TextDelta } from '../streaming/index.js';

/** The output that the audio of a run belongs to, and the part of it that readers have. */
export interface AudioState {
  readonly node: string | undefined;
  readonly id: string | undefined;
  readonly hasExpiry: boolean;
}

/**
 * Keeps one audio output for a run: that of the first step that yields audio. Audio that follows, from another step or
 * from another model call of the same step, is passed on as text: audio files cannot be joined, and clients that
 * concatenate pieces would merge the two ids.
 */
export class OneAudio {
  #node: string | undefined;
  #id: string | undefined;
  #hasExpiry = false;
  #isOver = false;

  /** @param known of a continued run: what readers have received of it */
  constructor(known?: AudioState) {
    this.#node = known?.node;
    this.#id = known?.id;
    this.#hasExpiry = known?.hasExpiry === true;
  }

  /** The piece for the client; undefined if nothing is left of it. */
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
    return hasMoreThanType(told) ? told : undefined;
  }
}

/** Whether a delta holds anything beside its type. */
function hasMoreThanType(delta: Delta): boolean {
  return Object.keys(delta).length > 1;
}
