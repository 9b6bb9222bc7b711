import { toUSVString } from 'node:util';
import { assertNever } from '../kernel/index.js';
import type { Delta } from './delta.js';

const REPLACEMENT = '\ufffd';

/**
 * Joins characters that an upstream has cut between their two UTF-16 halves: half a character upsets clients that encode
 * it, and those that do not join what they decode. The first half is held until its channel continues. A half that
 * stays alone becomes U+FFFD, because some JSON readers refuse its escape.
 */
export class WholeCharacters {
  /** First halves by channel, or by tool call. */
  #halves: Map<string, { readonly delta: Delta; readonly half: string }> | undefined;

  /** True while a half is held. */
  get isHolding(): boolean {
    return this.#halves !== undefined;
  }

  /**
   * Takes a delta.
   * @returns it with whole characters; undefined if nothing is left of it for now
   */
  take(delta: Delta): Delta | undefined {
    const text = readText(delta);
    const endsInHalf = isFirstHalf(text.charCodeAt(text.length - 1));
    if (!endsInHalf && this.#halves === undefined) {
      const whole = toUSVString(text);
      return whole === text ? delta : replaceText(delta, whole);
    }
    return text === '' ? delta : this.#join(delta, text, endsInHalf);
  }

  /** Takes the deltas for halves whose channels did not continue. */
  takeRest(): readonly Delta[] {
    const rest = [...(this.#halves?.values() ?? [])].map(({ delta }) => replaceText(delta, REPLACEMENT));
    this.#halves = undefined;
    return rest;
  }

  #join(delta: Delta, text: string, endsInHalf: boolean): Delta | undefined {
    const channel = delta.type === 'tool-call' ? `${delta.type} ${delta.index}` : delta.type;
    const halves = (this.#halves ??= new Map());
    const held = halves.get(channel);
    if (held !== undefined) halves.delete(channel);
    const start = held === undefined ? '' : isSecondHalf(text.charCodeAt(0)) ? held.half : REPLACEMENT;
    if (endsInHalf) halves.set(channel, { delta: dropPassedOn(delta), half: text.slice(-1) });
    if (halves.size === 0) this.#halves = undefined;
    const whole = toUSVString(start + (endsInHalf ? text.slice(0, -1) : text));
    return whole === '' && !hasMoreContent(delta) ? undefined : replaceText(delta, whole);
  }
}

/** Annotations, images and news of MCP servers have no text that could be cut. */
function readText(delta: Delta): string {
  switch (delta.type) {
    case 'tool-call':
      return delta.arguments;
    case 'audio':
      return delta.transcript ?? '';
    case 'annotations':
    case 'images':
    case 'mcp':
      return '';
    case 'content':
    case 'reasoning':
    case 'refusal':
      return delta.text;
    default:
      return assertNever(delta);
  }
}

function replaceText(delta: Delta, text: string): Delta {
  switch (delta.type) {
    case 'tool-call':
      return { ...delta, arguments: text };
    case 'audio':
      return { ...delta, transcript: text };
    case 'annotations':
    case 'images':
    case 'mcp':
      return delta;
    case 'content':
    case 'reasoning':
    case 'refusal':
      return { ...delta, text };
    default:
      return assertNever(delta);
  }
}

/** Removes what has been passed on already: log probabilities, ids, name and sound. */
function dropPassedOn(delta: Delta): Delta {
  switch (delta.type) {
    case 'tool-call': {
      const { type, index, kind } = delta;
      return { type, index, ...(kind !== undefined && { kind }), arguments: '' };
    }
    case 'audio':
      return { type: delta.type };
    case 'annotations':
    case 'images':
    case 'mcp':
      return delta;
    case 'content':
    case 'reasoning':
    case 'refusal':
      return { type: delta.type, text: '' };
    default:
      return assertNever(delta);
  }
}

function hasMoreContent(delta: Delta): boolean {
  switch (delta.type) {
    case 'tool-call':
      return delta.id !== undefined || delta.name !== undefined;
    case 'audio':
      return delta.id !== undefined || delta.data !== undefined || delta.expiresAt !== undefined;
    case 'annotations':
    case 'images':
    case 'mcp':
      return true;
    case 'content':
    case 'reasoning':
    case 'refusal':
      return delta.logprobs !== undefined;
    default:
      return assertNever(delta);
  }
}

function isFirstHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function isSecondHalf(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff;
}
