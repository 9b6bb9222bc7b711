import { toUSVString } from 'node:util';
import type { Delta, TextDelta, ToolCallDelta } from './delta.js';

const REPLACEMENT = '\ufffd';

/**
 * Joins characters that an upstream has cut between their two UTF-16 halves: half a character upsets clients that encode it,
 * and those that do not join what they decode. The first half is held until its channel goes on. A half that stays alone
 * becomes U+FFFD, as some JSON readers take no escape for it.
 */
export class WholeCharacters {
  /** First halves by channel, or by tool call. */
  readonly #halves = new Map<string, { readonly delta: Delta; readonly half: string }>();

  /** True while a half is held. */
  get isHolding(): boolean {
    return this.#halves.size > 0;
  }

  /** The delta with whole characters; undefined if nothing is left of it for now. */
  take(delta: Delta): Delta | undefined {
    const text = textIn(delta);
    const endsInHalf = isFirstHalf(text.charCodeAt(text.length - 1));
    if (!endsInHalf && this.#halves.size === 0) {
      const whole = toUSVString(text);
      return whole === text ? delta : withText(delta, whole);
    }
    return text === '' ? delta : this.#join(delta, text, endsInHalf);
  }

  /** What is left of halves whose channels do not go on. */
  rest(): readonly Delta[] {
    const rest = [...this.#halves.values()].map(({ delta }) => withText(delta, REPLACEMENT));
    this.#halves.clear();
    return rest;
  }

  #join(delta: Delta, text: string, endsInHalf: boolean): Delta | undefined {
    const channel = delta.type === 'tool-call' ? `${delta.type} ${delta.index}` : delta.type;
    const held = this.#halves.get(channel);
    if (held !== undefined) this.#halves.delete(channel);
    const start = held === undefined ? '' : isSecondHalf(text.charCodeAt(0)) ? held.half : REPLACEMENT;
    if (endsInHalf) this.#halves.set(channel, { delta: bare(delta), half: text.slice(-1) });
    const whole = toUSVString(start + (endsInHalf ? text.slice(0, -1) : text));
    return whole === '' && !saysMore(delta) ? undefined : withText(delta, whole);
  }
}

function textIn(delta: Delta): string {
  return delta.type === 'tool-call' ? delta.arguments : delta.text;
}

function withText(delta: Delta, text: string): Delta {
  return delta.type === 'tool-call' ? { ...delta, arguments: text } : { ...delta, text };
}

/** Without what has been passed on: log probabilities, id and name. */
function bare(delta: Delta): TextDelta | ToolCallDelta {
  if (delta.type !== 'tool-call') return { type: delta.type, text: '' };
  const { type, index, kind } = delta;
  return { type, index, ...(kind !== undefined && { kind }), arguments: '' };
}

function saysMore(delta: Delta): boolean {
  return delta.type === 'tool-call' ? delta.id !== undefined || delta.name !== undefined : delta.logprobs !== undefined;
}

function isFirstHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isSecondHalf(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
