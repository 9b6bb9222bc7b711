/** The types of the events of a response, by OpenAI's names. */
type ResponseEventType =
  | 'response.created'
  | 'response.queued'
  | 'response.in_progress'
  | 'response.output_item.added'
  | 'response.output_item.done'
  | 'response.content_part.added'
  | 'response.content_part.done'
  | 'response.output_text.delta'
  | 'response.output_text.done'
  | 'response.refusal.delta'
  | 'response.refusal.done'
  | 'response.reasoning_summary_part.added'
  | 'response.reasoning_summary_part.done'
  | 'response.reasoning_summary_text.delta'
  | 'response.reasoning_summary_text.done'
  | 'response.function_call_arguments.delta'
  | 'response.function_call_arguments.done'
  | 'response.custom_tool_call_input.delta'
  | 'response.custom_tool_call_input.done'
  | 'response.mcp_list_tools.in_progress'
  | 'response.mcp_list_tools.completed'
  | 'response.mcp_list_tools.failed'
  | 'response.mcp_call.in_progress'
  | 'response.mcp_call_arguments.delta'
  | 'response.mcp_call_arguments.done'
  | 'response.mcp_call.completed'
  | 'response.mcp_call.failed'
  | 'error'
  | 'response.completed'
  | 'response.incomplete'
  | 'response.failed';

/** One event of a response. */
export interface ResponseEvent {
  readonly type: ResponseEventType;
  /** Its `sequence_number`: counted from 0, without gaps. */
  readonly number: number;
  /** The whole event as in a stream. Its name is its type, which some clients need (Open Responses demands it). */
  readonly frame: string;
}

/** The part that is the same in all deltas of one text. */
export interface DeltaFrame {
  readonly type: ResponseEventType;
  /** Up to the text. */
  readonly head: string;
  /** From the end of the text up to the number. */
  readonly tail: string;
}

/** Makes and numbers the events of one response. */
export class EventSequence {
  #next = 0;
  #events: ResponseEvent[] = [];
  #frames: string | undefined;

  /** Number of events so far. */
  get length(): number {
    return this.#next;
  }

  /** @param fields the fields after type and number, as JSON: `,"item_id":"…"` */
  add(type: ResponseEventType, fields: string): void {
    const number = this.#next++;
    this.#push(type, number, `event: ${type}\ndata: {"type":"${type}","sequence_number":${number}${fields}}\n\n`);
  }

  /**
   * Runs once per token: the constant parts are joined beforehand, and the number comes last.
   * @param text as JSON
   */
  addDelta({ type, head, tail }: DeltaFrame, text: string): void {
    const number = this.#next++;
    this.#push(type, number, head + text + tail + number + FRAME_END);
  }

  /** The events added since the last call. */
  take(): readonly ResponseEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** From here to {@link takeFrames}, only frames are kept: an object for each event would be a cost for each token. */
  keepFrames(): void {
    this.#frames = '';
  }

  /** The frames that were added since {@link keepFrames}. */
  takeFrames(): string {
    const frames = this.#frames ?? '';
    this.#frames = undefined;
    return frames;
  }

  #push(type: ResponseEventType, number: number, frame: string): void {
    if (this.#frames === undefined) this.#events.push({ type, number, frame });
    else this.#frames += frame;
  }
}

const FRAME_END = '}\n\n';

/**
 * @param fields as of {@link EventSequence.add}
 * @param after what follows the text, as JSON: `,"logprobs":[]`
 */
export function makeDeltaFrame(type: ResponseEventType, fields: string, after = ''): DeltaFrame {
  return {
    type,
    // Joined, not added: V8 would copy a text of several parts into each frame again.
    head: ['event: ', type, '\ndata: {"type":"', type, '"', fields, ',"delta":'].join(''),
    tail: [after, ',"sequence_number":'].join(''),
  };
}

/** Events as a stream has them. */
export function joinFrames(events: readonly ResponseEvent[]): string {
  let frames = '';
  for (const { frame } of events) frames += frame;
  return frames;
}

/** The data of an event, as JSON. */
export function readEventJson({ frame }: ResponseEvent): string {
  return frame.slice(frame.indexOf('\ndata: ') + '\ndata: '.length, -2);
}
