import type { Response } from 'express';
import type { RunEvent } from '../../engine/index.js';
import { findRecord, type RequestRecord } from '../../http/index.js';
import { Cancellation, type Clock } from '../../kernel/index.js';
import { guardCallback, type ReadFailure } from '../../runs/index.js';
import type { Gate } from '../../streaming/index.js';
import { EventStreamWriter } from './event-stream-writer.js';
import { NewestEvents, type RepeatedEvent } from './pace-run-events.js';

/** Calls back with the id of the run's trace when an event has it. */
export function passTraceId(event: RunEvent, onTraceId: (traceId: string) => void): void {
  if (event.type === 'run-started' && event.traceId !== undefined) onTraceId(event.traceId);
}

/** What all doors need to stream a run to its client. */
export class RunStream<T> {
  /** Aborted with a fault of the stream itself. */
  readonly fault = new Cancellation();
  readonly writer: EventStreamWriter;
  /** The record of the request. */
  readonly record: RequestRecord;
  readonly #newest = new NewestEvents<T>();

  /**
   * @param gate of the run, which must have begun: a run that cannot begin has no stream
   * @param heartbeatMs longest silence, in milliseconds
   */
  constructor(
    private readonly response: Response,
    readonly gate: Gate,
    clock: Clock,
    heartbeatMs: number,
  ) {
    this.record = findRecord(response);
    this.writer = new EventStreamWriter(response, gate, clock, heartbeatMs, this.record.openStream(), this.fault);
  }

  /** Adds the id of the trace to the headers, which must not be sent yet. */
  addTraceHeader(event: RunEvent): void {
    passTraceId(event, (traceId) => this.response.setHeader('x-trace-id', traceId));
  }

  /** Notes a fault of the stream itself: the run may have succeeded. */
  noteFault({ isReaderFault, thrown }: Pick<ReadFailure, 'isReaderFault' | 'thrown'>): void {
    if (isReaderFault) this.record.setFailure(thrown);
  }

  /**
   * Holds back a repeated event while the client is behind. It replaces an earlier one of its node and type.
   * @param value what {@link takeHeld} returns for it
   * @param write writes what is held, as soon as the client has caught up
   */
  hold(event: Pick<RepeatedEvent, 'type' | 'node'>, value: T, write: () => void): void {
    if (this.#newest.isEmpty && this.writer.isOpen) {
      void this.gate.waitUntilOpen().then(guardCallback(this.fault, write));
    }
    this.#newest.keep(event, value);
  }

  /** Returns what is held, in order, and forgets it. */
  takeHeld(): readonly T[] {
    return this.#newest.take();
  }
}
