import { GrowingText } from '../../../streaming/index.js';
import { type DeltaFrame, type EventSequence, makeDeltaFrame } from '../response-events.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { ReasoningItem } from './output-item.js';

/** Reasoning of a model, as a summary: no client shows `reasoning_text` (measured). */
export class GrowingReasoning extends GrowingItem {
  readonly #text = new GrowingText();
  readonly #partFields: string;
  readonly #delta: DeltaFrame;
  #hasPart = false;

  constructor(place: ItemPlace, events: EventSequence) {
    super('rs', place, events);
    this.#partFields = `${this.placeFields},"summary_index":0`;
    this.#delta = makeDeltaFrame('response.reasoning_summary_text.delta', this.#partFields);
    this.announce();
    this.#hasPart = true;
    this.events.add('response.reasoning_summary_part.added', `${this.#partFields},"part":${encodePart('""')}`);
  }

  override get item(): ReasoningItem {
    const summary = this.#hasPart ? [{ type: 'summary_text' as const, text: this.#text.text }] : [];
    return { type: 'reasoning', ...this.base, summary };
  }

  add(text: string): void {
    this.#text.add(text);
    this.events.addDelta(this.#delta, JSON.stringify(text));
  }

  protected override clear(): void {
    this.#hasPart = false;
  }

  protected override closeParts(): void {
    const text = JSON.stringify(this.#text.text);
    this.events.add('response.reasoning_summary_text.done', `${this.#partFields},"text":${text}`);
    this.events.add('response.reasoning_summary_part.done', `${this.#partFields},"part":${encodePart(text)}`);
  }
}

/** @param text as JSON */
function encodePart(text: string): string {
  return `{"type":"summary_text","text":${text}}`;
}
