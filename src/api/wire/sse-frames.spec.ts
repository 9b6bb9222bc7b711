import { describe, expect, it } from '@jest/globals';
import { FrameReader } from '../../../test/support/sse-frames.js';
import { assertValidError } from '../../../test/support/wire-schema.js';
import { InternalError, InvalidRequestError } from '../../errors/index.js';
import { makeErrorEnvelope } from '../../http/error-envelope.js';
import { SseParser } from '../../streaming/sse-parser.js';
import { DONE_FRAME, encodeError, HEARTBEAT_FRAME } from './sse-frames.js';

describe('frames of an event stream', () => {
  it('are whole events, as strict clients read them', () => {
    const error = new InvalidRequestError('two\nlines, "quotes" and 🦀', { code: 'x', param: 'messages[0]' });
    const reader = new FrameReader();
    const items = [...reader.push(Buffer.from(HEARTBEAT_FRAME + encodeError(error) + DONE_FRAME), 0)];
    reader.end();
    expect(items).toMatchObject([
      { kind: 'comment', text: 'keep-alive' },
      { kind: 'data', json: { error: { message: error.message } } },
      { kind: 'data', data: '[DONE]' },
    ]);
  });

  it('have no event name, and a heartbeat is not an event', () => {
    const events: string[][] = [];
    const parser = new SseParser((data, name) => events.push([data.slice(0, 8), name]), 1_000);
    parser.push(Buffer.from(HEARTBEAT_FRAME + encodeError(new InternalError('x')) + DONE_FRAME));
    expect(events).toEqual([
      ['{"error"', ''],
      ['[DONE]', ''],
    ]);
  });
});

describe('makeErrorEnvelope', () => {
  it("has the four keys of OpenAI's envelope, and nothing that belongs in the log", () => {
    const error = new InvalidRequestError('No.', { diagnostic: 'secret', cause: new Error('secret') });
    const envelope: unknown = JSON.parse(JSON.stringify(makeErrorEnvelope(error)));
    assertValidError(envelope);
    expect(envelope).toEqual({ error: { message: 'No.', type: 'invalid_request_error', param: null, code: null } });
  });
});
