import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../../config/index.js';
import { Clock } from '../../../kernel/index.js';
import { LoggedRuns } from '../../../runs/index.js';
import { checkTicket, writeTicket } from './ticket.js';

/** Name of the secret in the store. */
const SECRET = 'run-tickets';

/** Lets clients that cannot send headers read the events of one run for a short time. */
@Injectable()
export class RunTickets {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly runs: LoggedRuns,
  ) {}

  /** @param ttlS its lifetime in seconds */
  async make(run: string, ttlS: number): Promise<{ readonly ticket: string; readonly expiresAt: number }> {
    const expiresAt = this.clock.now() + ttlS * 1_000;
    return { ticket: writeTicket({ run, expiresAt }, await this.#findSecret()), expiresAt };
  }

  /** @throws TicketError if a ticket is not valid for a run */
  async check(ticket: string, run: string): Promise<void> {
    checkTicket(ticket, run, await this.#findSecret(), this.clock.now());
  }

  /** All replicas have the same secret: from the configuration, or from the store that they share. */
  async #findSecret(): Promise<string> {
    return this.config.store.ticketSecret ?? this.runs.findSecret(SECRET);
  }
}
