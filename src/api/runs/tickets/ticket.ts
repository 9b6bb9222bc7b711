import { createHmac, timingSafeEqual } from 'node:crypto';
import { TicketError } from '../../../errors/index.js';

/** The scope of a ticket: reading the events of one run until it expires. */
interface TicketScope {
  /** Id of the run. */
  readonly run: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

const TICKET = /^(\d{1,15})\.([\w-]{43})$/;

/** Writes a ticket in the form that an address contains. */
export function writeTicket(scope: TicketScope, secret: string): string {
  return `${scope.expiresAt}.${sign(scope, secret).toString('base64url')}`;
}

/**
 * Checks a ticket for a run.
 * @param now milliseconds since the Unix epoch
 * @throws TicketError if it is for another run, was not made with this secret, or has expired
 */
export function checkTicket(ticket: string, run: string, secret: string, now: number): void {
  const [, expires = '', signature = ''] = TICKET.exec(ticket) ?? [];
  const expected = sign({ run, expiresAt: Number(expires) }, secret);
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new TicketError('invalid_ticket');
  if (Number(expires) <= now) throw new TicketError('ticket_expired');
}

function sign({ run, expiresAt }: TicketScope, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${run}\n${expiresAt}`).digest();
}
