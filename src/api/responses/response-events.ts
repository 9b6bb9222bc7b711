/** The types of events that a response consists of, by OpenAI's names. */
export type ResponseEventType =
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
  | 'error'
  | 'response.completed'
  | 'response.incomplete'
  | 'response.failed';

/** One event of a response. */
export interface ResponseEvent {
  readonly type: ResponseEventType;
  /** Its `sequence_number`: counted from 0, without gaps. */
  readonly number: number;
  /** The whole event. */
  readonly json: string;
}

/** Numbers the events of one response, at the one place where they are made. */
export class EventSequence {
  #next = 0;
  #events: ResponseEvent[] = [];

  /** @param fields what follows type and number, as JSON: `,"item_id":"…"` */
  add(type: ResponseEventType, fields: string): void {
    const number = this.#next++;
    this.#events.push({ type, number, json: `{"type":"${type}","sequence_number":${number}${fields}}` });
  }

  /** Number of events so far. */
  get length(): number {
    return this.#next;
  }

  /** What was added since it was last taken. */
  take(): readonly ResponseEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
