import type { NodeFinished, RunEvent, RunFailed, RunFinished, RunWaiting } from '../../engine/index.js';
import { assertNever } from '../../kernel/index.js';
import { NodeEvents } from '../wire/index.js';
import type { ResponseHead } from './decoded-request.js';
import type { Phase } from './items/output-item.js';
import { OutputItems } from './items/output-items.js';
import { chooseErrorCode, renameParameter } from './response-error.js';
import { EventSequence, readEventJson, type ResponseEvent } from './response-events.js';
import type { ResponseObject } from './response-object.js';
import { encodeUsage } from './response-usage.js';

/** Silence in milliseconds after which an event shows that the response is alive: some clients ignore comments. */
const BEAT_MS = 60_000;
/** Most such events in one silence. */
const MOST_BEATS = 60;
/** Most node events of one response, and most characters of them, approximately: each carries the output so far. */
const MOST_NODE_EVENTS = 1_000;
const NODE_EVENTS_ROOM = 8 * 1024 * 1024;

/** Options of a response, beside its head. */
interface ResponseShape {
  /** The phase of a step's messages, by its key. */
  readonly phases?: ReadonlyMap<string, Phase>;
  /** True if the client asked for node events. */
  readonly nodeEvents?: boolean;
}

/** The fields of a Response that change while it is made. */
type ChangingFields = Pick<
  ResponseObject,
  'status' | 'completed_at' | 'error' | 'incomplete_details' | 'usage' | 'usage_incomplete'
>;

const REASONS = { length: 'max_output_tokens', content_filter: 'content_filter' } as const;

/**
 * Makes the events of one response from those of its run. A pure fold: the same events at the same times give the same
 * bytes, so that a run's log can be replayed at any time. All times are milliseconds since the Unix epoch.
 *
 * A token costs the same however long the output is. Each text is kept once; the whole Response is only made for events
 * that carry it.
 */
export class ResponseEncoder {
  readonly #head: ResponseHead;
  readonly #events = new EventSequence();
  readonly #items: OutputItems;
  readonly #nodeEvents: NodeEvents | undefined;
  #nodeEventsLeft = MOST_NODE_EVENTS;
  #nodeEventsRoom = NODE_EVENTS_ROOM;
  #serviceTier: string | undefined;
  #state: ChangingFields;
  #hasBegun = false;
  /** When the last event came; undefined unless it is in progress. */
  #lastAt: number | undefined;
  #beats = 0;
  #isStored: boolean;

  constructor(head: ResponseHead, { phases = NO_PHASES, nodeEvents = false }: ResponseShape = {}) {
    this.#head = head;
    this.#isStored = head.store;
    this.#items = new OutputItems({ responseId: head.id, showsNodes: nodeEvents, phases }, this.#events);
    this.#nodeEvents = nodeEvents ? new NodeEvents() : undefined;
    const status = head.background ? 'queued' : 'in_progress';
    this.#state = { status, completed_at: null, error: null, incomplete_details: null, usage: null };
  }

  /** The Response as it is now. */
  get response(): ResponseObject {
    return {
      ...this.#head,
      ...(this.#serviceTier !== undefined && { service_tier: this.#serviceTier }),
      object: 'response',
      store: this.#isStored,
      ...this.#state,
      output: this.#items.list,
    };
  }

  /** Whether the response must be stored. */
  get isStored(): boolean {
    return this.#isStored;
  }

  /** When the next event is due if the run is silent until then; undefined if none is. */
  get nextBeatAt(): number | undefined {
    if (this.#lastAt === undefined || this.#beats >= MOST_BEATS) return undefined;
    return this.#lastAt + (this.#beats + 1) * BEAT_MS;
  }

  /** The first events, before the run has begun. */
  open(): readonly ResponseEvent[] {
    this.#tell('response.created');
    if (this.#head.background) this.#tell('response.queued');
    return this.#events.take();
  }

  /** The keep-alive events if the run has been silent until `at`. */
  beat(at: number): readonly ResponseEvent[] {
    this.#beat(at);
    return this.#events.take();
  }

  /**
   * The events that a run's event makes: none, one or several.
   * @param at when it happened
   */
  next(event: RunEvent, at: number): readonly ResponseEvent[] {
    this.#add(event, at);
    return this.#events.take();
  }

  /** Like {@link next}, but only the frames of the events, for streams. */
  encode(event: RunEvent, at: number): string {
    this.#events.keepFrames();
    this.#add(event, at);
    return this.#events.takeFrames();
  }

  /**
   * The last event of a response that could not be stored although this was requested. It replaces the one that `next`
   * gave.
   */
  endUnstored(last: ResponseEvent): ResponseEvent {
    this.#isStored = false;
    const json = JSON.parse(readEventJson(last)) as object;
    const data = JSON.stringify({ ...json, response: this.response });
    return { ...last, frame: `event: ${last.type}\ndata: ${data}\n\n` };
  }

  #add(event: RunEvent, at: number): void {
    if (this.#lastAt !== undefined && at - this.#lastAt >= BEAT_MS) this.#beat(at);
    const before = this.#events.length;
    this.#take(event, at);
    if (this.#lastAt !== undefined && this.#events.length > before) {
      this.#lastAt = at;
      this.#beats = 0;
    }
  }

  #take(event: RunEvent, at: number): void {
    if (!this.#hasBegun && event.type !== 'run-failed') this.#begin(at);
    switch (event.type) {
      case 'run-started':
        break;
      case 'model-identified':
        this.#attribute(event.identity.serviceTier);
        this.#tellNews(event);
        break;
      case 'delta':
        if (this.#nodeEvents !== undefined) this.#tellNews(event);
        this.#items.add(event.node, event.delta);
        break;
      case 'node-finished':
        this.#finishNode(event);
        break;
      case 'node-restarted':
        this.#items.takeBack(event.node);
        this.#tellNews(event);
        break;
      case 'run-resumed':
      case 'node-started':
      case 'node-progress':
      case 'route-taken':
      case 'node-failed':
      case 'run-continued':
      case 'run-retrying':
        this.#tellNews(event);
        break;
      case 'run-waiting':
        this.#wait(event, at);
        break;
      case 'run-finished':
        this.#finish(event, at);
        break;
      case 'run-failed':
        this.#fail(event);
        break;
      default:
        assertNever(event);
    }
  }

  /** The first event: the run begins, or continues with an answer. */
  #begin(at: number): void {
    this.#hasBegun = true;
    this.#state = { ...this.#state, status: 'in_progress' };
    this.#lastAt = at;
    this.#tell('response.in_progress');
  }

  /** The first model that reports a tier counts for the run. Clients refuse a tier that OpenAI does not have. */
  #attribute(serviceTier: string | undefined): void {
    if (serviceTier !== undefined && SERVICE_TIERS.has(serviceTier)) this.#serviceTier ??= serviceTier;
  }

  #finishNode(event: NodeFinished): void {
    const { node, finishReason } = event;
    this.#items.finish(node, finishReason === 'length' || finishReason === 'content_filter');
    this.#tellNews(event);
  }

  #finish(event: RunFinished, at: number): void {
    const { finishReason } = event;
    const isCut = finishReason === 'length' || finishReason === 'content_filter';
    // If the result of a silent step is the output, no visible step was cut.
    this.#items.end(!isCut || this.#items.hasCut);
    const usage = tellUsage(event);
    this.#lastAt = undefined;
    this.#state = isCut
      ? { ...this.#state, status: 'incomplete', incomplete_details: { reason: REASONS[finishReason] }, ...usage }
      : { ...this.#state, status: 'completed', completed_at: Math.floor(at / 1_000), ...usage };
    const summary = this.#nodeEvents?.encodeSummary(event);
    this.#tell(isCut ? 'response.incomplete' : 'response.completed', summary);
  }

  /** Asks the client for answers: by calls, like those of models, and the response is complete. */
  #wait(event: RunWaiting, at: number): void {
    this.#tellNews(event);
    this.#items.end(true);
    for (const { node, callId, name, shown } of event.waits) this.#items.ask(node, { callId, name }, shown);
    this.#lastAt = undefined;
    const completed_at = Math.floor(at / 1_000);
    this.#state = { ...this.#state, status: 'completed', completed_at, ...tellUsage(event) };
    this.#tell('response.completed');
  }

  #fail(event: RunFailed): void {
    const { error, outcome } = event;
    const hasOutput = !this.#items.isEmpty;
    this.#items.end(false);
    this.#lastAt = undefined;
    const usage = tellUsage(event);
    if (outcome === 'cancelled') {
      this.#state = { ...this.#state, status: 'cancelled', ...usage };
      this.#tell('response.incomplete');
      return;
    }
    const code = chooseErrorCode(event, hasOutput);
    const { message } = error;
    this.#state = { ...this.#state, status: 'failed', error: { code, message }, ...usage };
    this.#tellError(event, code);
    this.#tell('response.failed');
  }

  /** Flat and nested: this is the only form that every client reports with its message (measured). */
  #tellError({ error, node }: RunFailed, code: string): void {
    const flat = { code, message: error.message, param: renameParameter(error.param) };
    const nested = { type: error.type, ...flat, ...(node !== undefined && { millrace: { node } }) };
    this.#events.add('error', `,${JSON.stringify({ ...flat, error: nested }).slice(1, -1)}`);
  }

  /**
   * Reports what happens in the workflow, for clients that asked for it, inside an event type that all of them know.
   */
  #tellNews(event: RunEvent): void {
    const json = this.#nodeEvents?.encode(event);
    if (json === undefined || this.#nodeEventsLeft <= 0 || this.#nodeEventsRoom <= 0) return;
    this.#nodeEventsLeft--;
    this.#nodeEventsRoom -= this.#tell('response.in_progress', json);
  }

  #beat(at: number): void {
    for (let due = this.nextBeatAt; due !== undefined && due <= at; due = this.nextBeatAt) {
      this.#beats++;
      this.#tell('response.in_progress');
    }
  }

  /**
   * Adds an event with the Response as it is now.
   * @param millrace JSON of the news
   * @returns its approximate number of characters
   */
  #tell(
    type: `response.${ResponseObject['status'] | 'created'}` & Parameters<EventSequence['add']>[0],
    millrace?: string,
  ): number {
    const response = JSON.stringify(this.response);
    const told = millrace === undefined ? '' : `,"millrace":${millrace}`;
    this.#events.add(type, `,"response":${response}${told}`);
    return response.length + told.length;
  }
}

function tellUsage({
  usage,
  isUsageIncomplete,
}: RunFinished | RunFailed | RunWaiting): Pick<ChangingFields, 'usage' | 'usage_incomplete'> {
  return { usage: encodeUsage(usage), ...(isUsageIncomplete === true && { usage_incomplete: true }) };
}

const NO_PHASES: ReadonlyMap<string, Phase> = new Map();

const SERVICE_TIERS: ReadonlySet<string> = new Set([
  'auto',
  'default',
  'flex',
  'scale',
  'priority',
  'fast',
  'ultrafast',
]);
