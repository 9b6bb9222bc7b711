import type { Request } from 'express';

/** What stands in a path where its route has `*name`: it may hold slashes. */
export function readPathParameter({ params }: Request, name: string): string {
  const value: string | readonly string[] = params[name] ?? '';
  return typeof value === 'string' ? value : value.join('/');
}
