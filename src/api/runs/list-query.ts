import type { RunQuery } from '../../runs/index.js';
import { makeQueryError } from '../wire/index.js';
import { RUN_STATUSES } from './dto/run.schema.js';

const MOST_RUNS = 100;
const USUAL_RUNS = 20;

/** The filter of a list of runs. */
export type ListQuery = Omit<RunQuery, 'owner'>;

/** The parsed parameters of a query: a repeated one is a list. */
type Given = Readonly<Record<string, unknown>>;

/**
 * Reads the query of a list. Other parameters are left alone.
 * @throws InvalidRequestError for an invalid value
 */
export function readListQuery({ model, status, limit, after, order }: Given): ListQuery {
  return {
    model: readText('model', model),
    status: readStatus(status),
    limit: readLimit(limit),
    after: readText('after', after),
    order: readOrder(order),
  };
}

function readText(param: string, given: unknown): string | undefined {
  if (given === undefined || typeof given === 'string') return given;
  throw makeQueryError(param, 'it must be given only once.');
}

function readStatus(given: unknown): RunQuery['status'] {
  if (given === undefined) return undefined;
  const status = RUN_STATUSES.find((known) => known === given);
  if (status === undefined) throw makeQueryError('status', `supported values are: ${RUN_STATUSES.join(', ')}.`);
  return status;
}

function readLimit(given: unknown): number {
  if (given === undefined) return USUAL_RUNS;
  const limit = typeof given === 'string' && /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (limit < 1 || limit > MOST_RUNS) throw makeQueryError('limit', `expected an integer from 1 to ${MOST_RUNS}.`);
  return limit;
}

function readOrder(given: unknown): RunQuery['order'] {
  if (given === undefined) return 'desc';
  if (given !== 'asc' && given !== 'desc') throw makeQueryError('order', 'supported values are: asc, desc.');
  return given;
}
