import type { JsonObject } from '../../../kernel/index.js';
import { GrowingText, countCharacters, type TextDelta } from '../../../streaming/index.js';
import { type DeltaFrame, type EventSequence, makeDeltaFrame } from '../response-events.js';
import { encodeLogprobs } from './encode-logprobs.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { MessageItem, OutputRefusal, OutputText, Phase } from './output-item.js';

interface GrowingPart {
  readonly type: 'output_text' | 'refusal';
  readonly text: GrowingText;
  /** Its identification in its events, as JSON. */
  readonly fields: string;
  readonly delta: DeltaFrame;
  readonly annotations: JsonObject[];
  readonly logprobs: JsonObject[];
  /** For a text: length of the run's content before it, in Unicode code points. */
  readonly start: number;
}

/** The output of a step: text and refusals. */
export class GrowingMessage extends GrowingItem {
  readonly #phase: Phase | undefined;
  readonly #parts: GrowingPart[] = [];
  /** The open part. */
  #part: GrowingPart | undefined;
  /** Length of the run's content at the end of the last text, in Unicode code points. */
  #contentEnd: number;
  readonly #contentStart: number;

  /** @param start length of the run's content before it, in Unicode code points */
  constructor(start: number, phase: Phase | undefined, place: ItemPlace, events: EventSequence) {
    super('msg', place, events);
    this.#contentEnd = start;
    this.#contentStart = start;
    this.#phase = phase;
    this.announce();
  }

  override get item(): MessageItem {
    const message = { type: 'message' as const, ...this.base, role: 'assistant' as const };
    const content = this.#parts.map(makePart);
    return this.#phase === undefined ? { ...message, content } : { ...message, content, phase: this.#phase };
  }

  /** Length of the run's content up to its end, in Unicode code points; an open part does not count. */
  get contentEnd(): number {
    return this.#contentEnd;
  }

  add({ type, text, logprobs }: TextDelta): void {
    const part = this.#openPart(type === 'refusal' ? 'refusal' : 'output_text');
    part.text.add(text);
    if (logprobs === undefined || type === 'refusal') {
      this.events.addDelta(part.delta, JSON.stringify(text));
      return;
    }
    const encoded = encodeLogprobs(logprobs);
    for (const logprob of encoded) part.logprobs.push(logprob);
    const json = JSON.stringify(encoded);
    this.events.add('response.output_text.delta', `${part.fields},"delta":${JSON.stringify(text)},"logprobs":${json}`);
  }

  /**
   * Takes an annotation if it has the text for it.
   * @param place its start in the run's content, in Unicode code points
   * @param make makes the annotation of a text that begins at a place of the run's content
   */
  annotate(place: number, make: (start: number) => JsonObject): boolean {
    const texts = this.#parts.filter(({ type }) => type === 'output_text');
    const part = texts.findLast(({ start }) => start <= place) ?? texts[0];
    part?.annotations.push(make(part.start));
    return part !== undefined;
  }

  /** The start of its first text in the run's content; undefined if it has none. */
  get start(): number | undefined {
    return this.#parts.find(({ type }) => type === 'output_text')?.start;
  }

  protected override clear(): void {
    this.#parts.length = 0;
    this.#contentEnd = this.#contentStart;
  }

  protected override closeParts(): void {
    this.#closePart();
  }

  #openPart(type: GrowingPart['type']): GrowingPart {
    if (this.#part?.type === type) return this.#part;
    this.#closePart();
    const fields = `${this.placeFields},"content_index":${this.#parts.length}`;
    const part: GrowingPart = {
      type,
      text: new GrowingText(),
      fields,
      delta:
        type === 'refusal'
          ? makeDeltaFrame('response.refusal.delta', fields)
          : makeDeltaFrame('response.output_text.delta', fields, ',"logprobs":[]'),
      annotations: [],
      logprobs: [],
      start: this.#contentEnd,
    };
    this.events.add('response.content_part.added', `${fields},"part":${JSON.stringify(makePart(part))}`);
    this.#parts.push(part);
    this.#part = part;
    return part;
  }

  #closePart(): void {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    const { type, fields } = part;
    const { text } = part.text;
    const json = JSON.stringify(text);
    if (type === 'refusal') {
      this.events.add('response.refusal.done', `${fields},"refusal":${json}`);
      this.events.add('response.content_part.done', `${fields},"part":{"type":"refusal","refusal":${json}}`);
      return;
    }
    this.#contentEnd += countCharacters(text);
    const logprobs = JSON.stringify(part.logprobs);
    this.events.add('response.output_text.done', `${fields},"text":${json},"logprobs":${logprobs}`);
    const parts = `"text":${json},"annotations":${JSON.stringify(part.annotations)},"logprobs":${logprobs}`;
    this.events.add('response.content_part.done', `${fields},"part":{"type":"output_text",${parts}}`);
  }
}

function makePart({ type, text, annotations, logprobs }: GrowingPart): OutputText | OutputRefusal {
  // Copies of the lists, so that returned items never change.
  return type === 'refusal'
    ? { type, refusal: text.text }
    : { type, text: text.text, annotations: [...annotations], logprobs: [...logprobs] };
}
