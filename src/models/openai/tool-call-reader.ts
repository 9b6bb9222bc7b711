import { findUnsafeNumber } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import { type CompletionBounds, MAX_TOOL_CALLS } from './completion-bounds.js';
import { JsonEndFinder } from './json-end-finder.js';
import { makeBadCompletionError } from './upstream-errors.js';

/** A tool call, or a piece of one, as an upstream sends it; any part may be missing or of another type. */
export interface UpstreamToolCall {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly type?: unknown;
  readonly function?: UpstreamFunctionCall | null;
  readonly custom?: { readonly name?: unknown; readonly input?: unknown } | null;
  /** Some servers' place for the parts of `function`. */
  readonly name?: unknown;
  readonly arguments?: unknown;
}

/** A function's name and arguments; also what stands in the deprecated `function_call`. */
export interface UpstreamFunctionCall {
  readonly name?: unknown;
  readonly arguments?: unknown;
}

/** One piece of a call; empty strings stand for missing parts. */
interface CallPiece {
  readonly index: number | string | undefined;
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly isCustom: boolean;
}

/** Most indexes, more than calls because some servers count pieces. */
const MOST_INDEXES = 2 * MAX_TOOL_CALLS;
const LONGEST_INDEX = 64;
/** Empty arguments. Some servers begin every call with them and send the real ones later. */
const NO_ARGUMENTS = '{}';

interface Call {
  /** Empty until one comes. */
  id: string;
  name: string;
  isCustom: boolean;
  readonly hasIndex: boolean;
  /** Number of the last event that mentioned it. */
  event: number;
  /** Arguments that came before its name. */
  held: string;
  extent: JsonEndFinder;
  hasArguments: boolean;
  /** Its new index; undefined until its first piece is passed on. */
  place: number | undefined;
}

/**
 * Puts the pieces of a completion's tool calls together. Servers leave out the index or the id, repeat id and name in every
 * piece, cut names, send id and name apart, or give all calls the index 0.
 *
 * The first piece of a call is held until its name is known and its arguments begin, because id and name are sent once, in
 * that piece. Calls without a name or arguments are passed on at the end; missing arguments become `{}`, because clients
 * parse them.
 */
export class ToolCallReader {
  readonly #bounds: CompletionBounds;
  readonly #calls: Call[] = [];
  /** The newest call with each of the upstream's indexes. */
  readonly #byIndex = new Map<number | string, Call>();
  /** The newest call with each id. */
  readonly #byId = new Map<string, Call>();
  #placed = 0;
  #pieces = 0;
  #event = 0;

  constructor(bounds: CompletionBounds) {
    this.#bounds = bounds;
  }

  /** True if the completion has a call. */
  get hasCalls(): boolean {
    return this.#placed > 0 || this.#calls.some(hasContent);
  }

  /** How many pieces belonged to calls that had not yet begun for the client. */
  get pieces(): number {
    return this.#pieces;
  }

  /**
   * Reads the calls of one event and adds their deltas to `out`.
   * @param json the event that holds them
   * @throws UpstreamError if there are too many calls, or arguments that are an object hold a number that JavaScript cannot
   *   keep
   */
  read(calls: readonly (UpstreamToolCall | null)[], json: string, out: Delta[]): void {
    this.#event++;
    for (const call of calls) if (typeof call === 'object' && call !== null) this.#take(readPiece(call, json), out);
  }

  /**
   * Ends the completion: adds the calls without arguments or name.
   * @param isCut whether a limit or filter may have cut arguments
   */
  end(isCut: boolean, out: Delta[]): void {
    for (const call of this.#calls) {
      const lacksArguments = !call.hasArguments && !call.isCustom && !isCut && call.name !== '';
      if (lacksArguments) {
        call.hasArguments = true;
        if (call.place === undefined) call.held = NO_ARGUMENTS;
        else out.push(makePiece(call, call.place, NO_ARGUMENTS));
      }
      if (call.place === undefined && hasContent(call)) this.#begin(call, out);
    }
  }

  #take(piece: CallPiece, out: Delta[]): void {
    const call = this.#find(piece);
    this.#bounds.count(piece.text.length);
    call.event = this.#event;
    if (isPlaceholder(call) && piece.text.trimStart().startsWith('{')) {
      call.held = '';
      call.extent = new JsonEndFinder();
    }
    call.extent.push(piece.text);
    call.hasArguments ||= piece.text !== '';
    if (call.place !== undefined) {
      if (piece.text !== '') out.push(makePiece(call, call.place, piece.text));
      return;
    }
    if (piece.name !== '' || piece.id !== '' || piece.text !== '') this.#pieces++;
    this.#bounds.count(piece.name.length + piece.id.length);
    call.name = joinName(call.name, piece.name);
    call.isCustom ||= piece.isCustom;
    call.held += piece.text;
    if (call.id === '' && piece.id !== '') {
      call.id = piece.id;
      this.#byId.set(piece.id, call);
    }
    if (call.name !== '' && call.hasArguments && !isPlaceholder(call)) this.#begin(call, out);
  }

  /** Begins earlier calls first, so that the indexes follow the model's order. */
  #begin(call: Call, out: Delta[]): void {
    for (const earlier of this.#calls) {
      if (earlier === call) break;
      if (earlier.place === undefined && earlier.name !== '') this.#pass(earlier, out);
    }
    this.#pass(call, out);
  }

  #pass(call: Call, out: Delta[]): void {
    const place = this.#placed++;
    call.place = place;
    out.push({
      ...makePiece(call, place, call.held),
      ...(call.id !== '' && { id: call.id }),
      ...(call.name !== '' && { name: call.name }),
    });
    call.held = '';
  }

  #find(piece: CallPiece): Call {
    const known = this.#findKnown(piece);
    const call = known === undefined || this.#isAnother(known, piece) ? this.#add(piece) : known;
    if (piece.index !== undefined && this.#byIndex.size < MOST_INDEXES) this.#byIndex.set(piece.index, call);
    return call;
  }

  /** Finds the call that a piece belongs to, unless it begins a new one. */
  #findKnown(piece: CallPiece): Call | undefined {
    const last = this.#calls.at(-1);
    if (piece.index === undefined) return (piece.id === '' ? undefined : this.#byId.get(piece.id)) ?? last;
    const known = this.#byIndex.get(piece.index);
    if (known !== undefined || piece.name !== '') return known;
    if (piece.id !== '') return this.#byId.get(piece.id);
    // Some servers count pieces: a piece without name and id continues arguments that are not whole yet.
    const goesOn = last !== undefined && piece.text !== '' && last.hasArguments && !last.extent.isWhole;
    return last?.hasIndex === false || goesOn ? last : undefined;
  }

  /** Whether a piece begins a new call although its index, id or place point to this one. */
  #isAnother(call: Call, piece: CallPiece): boolean {
    const isNamed = piece.name !== '';
    const brings = piece.text !== '';
    if (piece.id !== '' && call.id !== '') {
      // Some servers use the tool's name as the id of each call, and some repeat both in every piece.
      if (piece.id === call.id) return isNamed && brings && call.extent.isWhole && isNextCall(call, piece);
      // Some servers make up a new id for each piece.
      return isNamed || call.extent.isWhole || (!brings && (call.hasArguments || piece.index === undefined));
    }
    if (!isNamed) return false;
    if (!call.hasArguments) return call.name !== '' && call.event === this.#event;
    if (call.name === '') return false;
    return piece.name !== call.name || (call.extent.isWhole && brings);
  }

  #add(piece: CallPiece): Call {
    this.#bounds.addToolCall();
    const call: Call = {
      id: '',
      name: '',
      isCustom: false,
      hasIndex: piece.index !== undefined,
      event: this.#event,
      held: '',
      extent: new JsonEndFinder(),
      hasArguments: false,
      place: undefined,
    };
    this.#calls.push(call);
    return call;
  }
}

function hasContent({ name, held }: Call): boolean {
  return name !== '' || held !== '';
}

function isPlaceholder({ held, isCustom }: Call): boolean {
  return held === NO_ARGUMENTS && !isCustom;
}

/** Whether arguments after complete ones, with the same id and name, belong to a new call. */
function isNextCall(call: Call, { index, text }: CallPiece): boolean {
  if (isPlaceholder(call)) return text === NO_ARGUMENTS;
  return index === undefined || text.startsWith('{');
}

function makePiece({ isCustom }: Call, index: number, text: string): Extract<Delta, { type: 'tool-call' }> {
  return isCustom
    ? { type: 'tool-call', index, kind: 'custom', arguments: text }
    : { type: 'tool-call', index, arguments: text };
}

function readPiece(call: UpstreamToolCall, json: string): CallPiece {
  const { index, id, function: called, custom } = call;
  const isCustom = typeof custom === 'object' && custom !== null;
  const name = called?.name ?? custom?.name ?? call.name;
  const text = called?.arguments ?? custom?.input ?? call.arguments ?? '';
  return {
    index:
      typeof index === 'number' || (typeof index === 'string' && index.length <= LONGEST_INDEX) ? index : undefined,
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    text: typeof text === 'string' ? text : writeArguments(text, json),
    isCustom,
  };
}

/** Joins a name: some servers cut it, some repeat it, and some send all of it so far. */
function joinName(name: string, piece: string): string {
  return piece.startsWith(name) ? piece : name + piece;
}

/**
 * Writes the arguments that an upstream sent as an object.
 * @throws UpstreamError if it holds a number that JavaScript cannot keep
 */
function writeArguments(value: unknown, json: string): string {
  const unsafe = findUnsafeNumber(json);
  if (unsafe !== undefined)
    throw makeBadCompletionError('a number in its tool calls has more digits than JSON numbers keep');
  return JSON.stringify(value);
}
