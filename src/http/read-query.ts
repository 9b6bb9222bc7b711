import type { Request } from 'express';

/** The parameters of a query. One that is there more than once, or is written as a list (`name[]`), is a list. */
export type Query = Readonly<Record<string, unknown>>;

/** Reads the query of a request. A list under the name of a parameter that may be given once is seen there, and can be refused. */
export function readQuery({ query }: Pick<Request, 'query'>): Query {
  const read: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of Object.entries(query)) {
    const bracket = key.indexOf('[');
    if (bracket <= 0) read[key] ??= value;
    else read[key.slice(0, bracket)] = [value].flat();
  }
  return read;
}
