import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CREATED_AT, RESPONSE_HEAD } from '../../../test/support/response-head.js';
import type { Caller } from '../../access/index.js';
import type { JsonObject } from '../../kernel/index.js';
import { KeptResponses } from './kept-responses.service.js';
import { ResponseEncoder } from './responses.encoder.js';
import { type FinishedResponse, ResponseState } from './state/response-state.js';

class FullState extends ResponseState {
  override readonly isOn = true;
  override readonly isKept = true;
  readonly kept: FinishedResponse[] = [];

  override find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override findItems(): Promise<ReadonlyMap<string, JsonObject>> {
    return Promise.resolve(new Map());
  }

  override keep(finished: FinishedResponse): Promise<never> {
    this.kept.push(finished);
    return Promise.reject(new Error('The disk is full.'));
  }

  override remove(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

const owner = { id: 'caller' } as Caller;
const context = [{ type: 'message', role: 'user', id: 'msg_1', content: [{ type: 'input_text', text: 'Hi' }] }];

function makeEndedFold(): ResponseEncoder {
  const fold = new ResponseEncoder({ ...RESPONSE_HEAD, store: true });
  fold.open();
  fold.next({ type: 'run-started', seq: 0 }, CREATED_AT);
  fold.next({ type: 'run-finished', seq: 1, finishReason: 'stop' }, CREATED_AT);
  return fold;
}

describe('KeptResponses', () => {
  it('gives the whole response, its context and its owner to whoever keeps them', async () => {
    const state = new FullState();
    const fold = makeEndedFold();
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    await new KeptResponses(state).keep(fold, { context }, owner);
    expect(state.kept).toEqual([{ response: fold.response, context, owner }]);
    expect(state.kept[0]?.response).toMatchObject({ status: 'completed', store: true });
  });

  it('says so, and logs why, if a response cannot be kept', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    expect(await new KeptResponses(new FullState()).keep(makeEndedFold(), { context }, owner)).toBe(false);
    expect(log).toHaveBeenCalledWith(
      expect.stringContaining(RESPONSE_HEAD.id),
      expect.stringContaining('The disk is full.'),
    );
  });
});
