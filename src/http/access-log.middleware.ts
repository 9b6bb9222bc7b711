import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { findCallerName } from '../access/index.js';
import { AppConfig } from '../config/index.js';
import { type Outcome, readStatusOutcome } from '../errors/index.js';
import { Clock } from '../kernel/index.js';
import { Metrics } from '../metrics/index.js';
import { readRequestId } from './openai-headers.middleware.js';
import { beginRecord, type RequestRecord } from './request-record.js';
import { isSent } from './response-order.middleware.js';

/** One line of the access log. Absent fields are not known, or do not apply. docs/observability.md explains each. */
interface AccessLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly outcome: Outcome;
  readonly duration_ms: number;
  readonly workflow?: string | undefined;
  readonly stream?: boolean | undefined;
  readonly first_token_ms?: number | undefined;
  readonly input_tokens?: number | undefined;
  readonly output_tokens?: number | undefined;
  readonly estimated_tokens?: number | undefined;
  readonly code?: string | undefined;
  readonly node?: string | undefined;
  readonly request_id: string;
  readonly run_id?: string | undefined;
  readonly trace_id?: string | undefined;
  readonly key?: string | undefined;
}

/** What proxies log for a client that left before it was answered. */
const CLIENT_CLOSED_REQUEST = 499;
const LONGEST_PATH = 256;
/** The fields that are part of the message. */
const IN_WORDS: ReadonlySet<string> = new Set(['method', 'path', 'status', 'outcome']);
/** Visible ASCII alone: such a path needs no cleaning. */
const USUAL_PATH = /^[!-~]*$/;
/** Paths that machines ask for every few seconds; their lines are logged at the level debug. */
const PROBE = /^\/(health\/|metrics\/?$)/i;
/** Outcomes of whole responses. If the client left before the end of one, the outcome is `client_abort` instead. */
const COMPLETE: ReadonlySet<Outcome> = new Set(['ok', 'stop', 'length', 'tool_calls', 'content_filter']);

/** Logs and counts each request when it is over. */
@Injectable()
export class AccessLog {
  readonly #logger = new Logger('Access');

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /** The middleware that begins a request's record and writes it once the response is sent or the client has gone. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const record = beginRecord(response, this.clock.monotonic(), this.metrics);
    response.on('close', () => {
      const durationMs = this.clock.monotonic() - record.startedAt;
      record.callWhenSettled(() => this.#settle(request, response, record, durationMs));
    });
    next();
  };

  /** Logs a request that Node's HTTP parser has refused, which has neither method nor path. */
  logMalformed(status: number, requestId: string): void {
    const outcome = readStatusOutcome(status);
    this.metrics.recordRequest({ workflow: 'none', outcome, streamed: false, durationMs: 0 });
    this.#write({ method: '-', path: '-', status, outcome, duration_ms: 0, request_id: requestId }, 'log');
  }

  #settle(request: Request, response: Response, record: RequestRecord, durationMs: number): void {
    const { workflow, streamed, usage, unreportedTokens, firstTokenMs, failure } = record;
    const outcome = findOutcome(response, record);
    const path = readPath(request.originalUrl);
    const isProbe = PROBE.test(path);
    if (!isProbe) {
      this.metrics.recordRequest({ workflow: workflow ?? 'none', outcome, streamed: streamed ?? false, durationMs });
    }
    const traceId = response.getHeader('x-trace-id');
    this.#write(
      {
        method: request.method,
        path,
        status: outcome === 'client_abort' && !response.headersSent ? CLIENT_CLOSED_REQUEST : response.statusCode,
        outcome,
        duration_ms: Math.round(durationMs),
        workflow,
        stream: streamed,
        first_token_ms: firstTokenMs === undefined ? undefined : Math.round(firstTokenMs),
        input_tokens: usage?.prompt_tokens,
        output_tokens: usage?.completion_tokens,
        estimated_tokens: unreportedTokens,
        code: failure?.code,
        node: failure?.node,
        request_id: readRequestId(response),
        run_id: record.runId,
        trace_id: typeof traceId === 'string' ? traceId : undefined,
        key: findCallerName(request),
      },
      isProbe ? 'debug' : 'log',
    );
  }

  #write(line: AccessLine, level: 'log' | 'debug'): void {
    const { method, path, status, outcome } = line;
    const words = `${method} ${path} ${status} ${outcome}`;
    const isJson = this.config.log.format === 'json';
    const fields: Record<string, unknown> = {};
    for (const name in line) {
      const value: unknown = line[name as keyof AccessLine];
      // An application's logger may print undefined fields. In a text format, the message has the first four already.
      if (value !== undefined && (isJson || !IN_WORDS.has(name))) fields[name] = value;
    }
    this.#logger[level](words, fields);
  }
}

function findOutcome(response: Response, record: RequestRecord): Outcome {
  const outcome = record.outcome ?? readStatusOutcome(response.statusCode);
  if (isSent(response) || outcome === 'shutdown') return outcome;
  // If the client left while an error was sent to it, the error remains the outcome; a complete response does not.
  return response.headersSent && !COMPLETE.has(outcome) ? outcome : 'client_abort';
}

/**
 * Reads the path without the query, which can hold anything. An absolute URL can hold a password, and API clients send
 * none.
 */
function readPath(url: string): string {
  if (!url.startsWith('/')) return '-';
  const [path = ''] = url.split('?', 1);
  return (USUAL_PATH.test(path) ? path : path.replace(/[\p{Cc}\s]/gu, '')).slice(0, LONGEST_PATH);
}
