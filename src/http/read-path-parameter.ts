import type { Request } from 'express';

/** Reads the part of a path for which its route has `*name`; it may hold slashes. */
export function readPathParameter({ params }: Request, name: string): string {
  const value: string | readonly string[] = params[name] ?? '';
  return typeof value === 'string' ? value : value.join('/');
}
