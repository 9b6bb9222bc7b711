import { RefusedOriginError } from '../../errors/index.js';

/** The names of this machine for itself. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests of web pages, unless they are allowed: a page whose own name leads to this server (DNS rebinding) would otherwise speak to
 * it as if it were its own. Programs send no origin.
 * @param allowed origins that the operator allows; `*`: all
 * @throws RefusedOriginError
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
 */
export function assertOriginAllowed(origin: string | undefined, allowed: readonly string[]): void {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return;
  if (URL.canParse(origin) && LOOPBACK.includes(new URL(origin).hostname)) return;
  throw new RefusedOriginError();
}
