import { randomBytes } from 'node:crypto';

/** The only source of identifiers; also its dependency-injection token. */
export abstract class IdSource {
  /** Id of one run, sent as the `id` of its completion or of all its chunks: `chatcmpl-` and 24 hex digits. */
  abstract completionId(): string;

  /** Id of one HTTP request, sent as `x-request-id`: `req_` and 24 hex digits. */
  abstract requestId(): string;

  /** Id of one trace, as W3C Trace Context has it: 32 hex digits. */
  abstract traceId(): string;

  /** Id of one observation of a trace, as W3C Trace Context has it: 16 hex digits. */
  abstract spanId(): string;
}

/** Ids from the operating system's random source: 96 bits each, but for those whose length others have set. */
export class RandomIdSource extends IdSource {
  override completionId(): string {
    return `chatcmpl-${randomBytes(12).toString('hex')}`;
  }

  override requestId(): string {
    return `req_${randomBytes(12).toString('hex')}`;
  }

  override traceId(): string {
    return randomBytes(16).toString('hex');
  }

  override spanId(): string {
    return randomBytes(8).toString('hex');
  }
}
