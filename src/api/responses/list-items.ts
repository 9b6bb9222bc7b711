import type { Query } from '../../http/index.js';
import type { JsonObject } from '../../kernel/index.js';
import { makeQueryError } from '../wire/index.js';

const MOST_ITEMS = 100;
const USUAL_ITEMS = 20;

/** A page of a list. */
interface ItemPage {
  readonly object: 'list';
  readonly data: readonly JsonObject[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/**
 * A page of items, the newest first unless `order` is `asc`.
 * @param items oldest first
 * @throws InvalidRequestError for an invalid `limit`, `order` or `after`
 */
export function listItems(items: readonly JsonObject[], { limit, order, after }: Query): ItemPage {
  const size = readLimit(limit);
  const ordered = readOrder(order) === 'asc' ? items : items.toReversed();
  const start = readStart(ordered, after);
  const data = ordered.slice(start, start + size);
  return {
    object: 'list',
    data,
    first_id: (data.at(0)?.['id'] ?? null) as string | null,
    last_id: (data.at(-1)?.['id'] ?? null) as string | null,
    has_more: start + size < ordered.length,
  };
}

function readLimit(limit: unknown): number {
  if (limit === undefined) return USUAL_ITEMS;
  const size = typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (size < 1 || size > MOST_ITEMS) throw makeQueryError('limit', `expected an integer from 1 to ${MOST_ITEMS}.`);
  return size;
}

function readOrder(order: unknown): 'asc' | 'desc' {
  if (order === undefined) return 'desc';
  if (order !== 'asc' && order !== 'desc') throw makeQueryError('order', 'supported values are: "asc", "desc".');
  return order;
}

function readStart(items: readonly JsonObject[], after: unknown): number {
  if (after === undefined) return 0;
  const index = items.findIndex(({ id }) => id === after);
  if (index === -1) throw makeQueryError('after', 'no item of this response has this id.');
  return index + 1;
}
