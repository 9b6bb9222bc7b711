import type { IdSource } from '../kernel/index.js';
import type { ToolCallDelta } from '../streaming/index.js';

interface NumberedCall {
  readonly number: number;
  /** The id that the step used. */
  readonly ownId: string | undefined;
  readonly hasName: boolean;
}

/**
 * Numbers the tool calls of a run. Each step counts its calls from 0 and each model chooses its own ids, but clients join the
 * pieces that share an index and answer by id. So every call of a run gets an index and an id of its own.
 */
export class NumberedCalls {
  readonly #ids: Pick<IdSource, 'toolCallId'>;
  #taken: Set<string> | undefined;
  #next = 0;
  #node: string | undefined;
  /** Calls of the speaking node; steps speak one after another. */
  #calls: Map<number, NumberedCall> | undefined;

  /** @param known of a continued run: how many calls it had before, and their ids */
  constructor(
    ids: Pick<IdSource, 'toolCallId'>,
    known?: { readonly calls: number; readonly callIds: readonly string[] },
  ) {
    this.#ids = ids;
    if (known === undefined) return;
    this.#next = known.calls;
    this.#taken = new Set(known.callIds);
  }

  /** The piece of a call with the run's index and id. */
  take(node: string, delta: ToolCallDelta): ToolCallDelta {
    if (node !== this.#node) {
      this.#node = node;
      this.#calls = undefined;
    }
    const call = this.#calls?.get(delta.index);
    if (call === undefined || isAnother(call, delta)) return this.#begin(delta);
    if (delta.id === undefined && delta.name === undefined && call.number === delta.index) return delta;
    const { id: _, name, ...piece } = delta;
    // Clients that concatenate pieces would repeat the name.
    return { ...piece, index: call.number, ...(name !== undefined && !call.hasName && { name }) };
  }

  #begin({ id: ownId, ...delta }: ToolCallDelta): ToolCallDelta {
    const number = this.#next++;
    (this.#calls ??= new Map()).set(delta.index, { number, ownId, hasName: delta.name !== undefined });
    const taken = (this.#taken ??= new Set());
    const id = ownId === undefined || ownId === '' || taken.has(ownId) ? `call_${this.#ids.toolCallId()}` : ownId;
    taken.add(id);
    return { ...delta, index: number, id };
  }
}

/** Whether a piece begins a new call: a node may ask several models, and each counts its calls from 0. */
function isAnother({ ownId, hasName }: NumberedCall, { id, name }: ToolCallDelta): boolean {
  if (id !== undefined && ownId !== undefined) return id !== ownId;
  return name !== undefined && hasName;
}
