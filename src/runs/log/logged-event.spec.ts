import { describe, expect, it } from '@jest/globals';
import { makeLoggedEvent } from './logged-event.js';

const finished = { type: 'node-finished', seq: 3, node: 'n', elapsedMs: 5, output: { secret: 1 } } as const;

describe('makeLoggedEvent', () => {
  it('leaves out the output of silent steps: clients can read logs', () => {
    expect(makeLoggedEvent({ ...finished, visible: false }, 7)).toEqual({
      type: 'node-finished',
      seq: 3,
      node: 'n',
      elapsedMs: 5,
      visible: false,
      at: 7,
    });
  });

  it('keeps everything else as it is', () => {
    expect(makeLoggedEvent({ ...finished, visible: true }, 7)).toEqual({ ...finished, visible: true, at: 7 });
  });
});
