import { RunOutputTooLargeError } from '../errors/index.js';
import { assertNever, type Cancellation, type IdSource } from '../kernel/index.js';
import { countCharacters, type Delta, moveAnnotations, type TextDelta, WholeCharacters } from '../streaming/index.js';
import type { SaidSoFar } from './said-so-far.js';
import { measureLength } from './measure-length.js';
import { NumberedCalls } from './numbered-calls.js';
import { OneAudio } from './one-audio.js';
import type { Speaker } from './speaking-order.js';

/** What the output of a run needs. */
interface OneOutputParts {
  /** Text between the content of two steps. */
  readonly separator: string;
  readonly ids: IdSource;
  /** Most characters of the output. */
  readonly longest: number;
  /** Aborted if the output is longer. */
  readonly cancellation: Cancellation;
  /** Takes each delta as readers get it. */
  readonly say: (speaker: Speaker, delta: Delta) => void;
}

/**
 * The one output of a run: the deltas of its steps become one text, one list of calls and one audio, in whole
 * characters.
 */
export class OneOutput {
  readonly #parts: OneOutputParts;
  #hasBegun = false;
  /** Key of the visible node whose content came last; a separator goes before that of the next one. */
  #lastSpeaker: string | undefined;
  /** Length of the content so far in Unicode code points, and how much of it came before the last speaker. */
  #contentLength = 0;
  #contentBefore = 0;
  #length = 0;
  /** The step that spoke last, in any channel. */
  #speaker: Speaker | undefined;
  readonly #characters = new WholeCharacters();
  #calls: NumberedCalls;
  #audio = new OneAudio();

  constructor(parts: OneOutputParts) {
    this.#parts = parts;
    this.#calls = new NumberedCalls(parts.ids);
  }

  /** True once there is any output. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Length of all channels so far, in characters. */
  get length(): number {
    return this.#length;
  }

  /** Length of the content so far, in Unicode code points. */
  get contentLength(): number {
    return this.#contentLength;
  }

  /** Continues after the last delta that readers have received. */
  resume(soFar: SaidSoFar): void {
    this.#lastSpeaker = soFar.lastSpeaker;
    this.#contentLength = soFar.contentLength;
    this.#contentBefore = soFar.contentBefore;
    this.#length = soFar.saidLength;
    this.#hasBegun = soFar.saidLength > 0;
    this.#calls = new NumberedCalls(this.#parts.ids, soFar);
    this.#audio = new OneAudio(soFar.audio);
  }

  add(speaker: Speaker, delta: Delta): void {
    if (this.#speaker !== undefined && this.#speaker.node !== speaker.node) this.endCharacters();
    this.#speaker = speaker;
    if ('text' in delta && delta.text === '' && delta.logprobs === undefined) return;
    this.#length += measureLength(delta);
    const { longest, cancellation } = this.#parts;
    if (this.#length > longest) {
      // The delta may have been kept until another step closed, so a throw would hit the wrong step. The abort reaches the
      // speaker.
      cancellation.abort(new RunOutputTooLargeError(longest));
      return;
    }
    const whole = this.#characters.take(delta);
    if (whole !== undefined) this.#pass(speaker, whole);
  }

  /** A finished node emits nothing more: the held rest of its text comes before. */
  endSpeech(node: string): void {
    if (node === this.#speaker?.node) this.endCharacters();
  }

  /** Emits half a character whose other half will never come. */
  endCharacters(): void {
    if (this.#speaker === undefined || !this.#characters.isHolding) return;
    for (const rest of this.#characters.takeRest()) this.#pass(this.#speaker, rest);
  }

  #pass(speaker: Speaker, delta: Delta): void {
    this.#hasBegun = true;
    const said = this.#arrange(speaker.node, delta);
    if (said !== undefined) this.#parts.say(speaker, said);
  }

  /** Fits a delta into the run's one output; undefined if it has no place there. */
  #arrange(node: string, delta: Delta): Delta | undefined {
    switch (delta.type) {
      case 'content':
        return this.#setOff(node, delta);
      case 'tool-call':
        return this.#calls.take(node, delta);
      case 'annotations':
        return moveAnnotations(delta, this.#findStart(node));
      case 'audio': {
        const audible = this.#audio.take(node, delta);
        return audible?.type === 'content' ? this.#setOff(node, audible) : audible;
      }
      case 'reasoning':
      case 'refusal':
      case 'images':
      case 'mcp':
        return delta;
      default:
        return assertNever(delta);
    }
  }

  /** Puts the separator before the first content of a node. */
  #setOff(node: string, delta: TextDelta): TextDelta {
    const separator = this.#lastSpeaker === undefined || this.#lastSpeaker === node ? '' : this.#parts.separator;
    if (this.#lastSpeaker !== node) {
      this.#contentBefore = this.#findStart(node);
      this.#contentLength = this.#contentBefore;
      this.#lastSpeaker = node;
    }
    this.#contentLength += countCharacters(delta.text);
    return separator === '' ? delta : { ...delta, text: separator + delta.text };
  }

  /** Where the node's content begins, or would begin, in the run's content. */
  #findStart(node: string): number {
    if (this.#lastSpeaker === undefined) return 0;
    if (this.#lastSpeaker === node) return this.#contentBefore;
    return this.#contentLength + countCharacters(this.#parts.separator);
  }
}
