import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { Cancellation } from './cancellation.js';

describe('Cancellation', () => {
  it('calls each listener once, with the first reason', () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    const leaves = (): unknown => told.push('left');
    cancellation.addEventListener('abort', () => told.push('a'));
    cancellation.addEventListener('abort', leaves);
    cancellation.addEventListener('abort', () => told.push('b'));
    cancellation.removeEventListener('abort', leaves);
    expect([cancellation.aborted, cancellation.reason]).toEqual([false, undefined]);
    cancellation.abort('first');
    cancellation.abort('second');
    cancellation.addEventListener('abort', () => told.push('late'));
    expect(told).toEqual(['a', 'b']);
    expect([cancellation.aborted, cancellation.reason]).toEqual([true, 'first']);
  });

  it('makes a real signal on demand, before the abort and after it', () => {
    const cancellation = new Cancellation();
    const { signal } = cancellation;
    expect(cancellation.signal).toBe(signal);
    expect(signal.aborted).toBe(false);
    expect(() => cancellation.throwIfAborted()).not.toThrow();
    const reason = new Error('enough');
    cancellation.abort(reason);
    expect([signal.aborted, signal.reason]).toEqual([true, reason]);
    expect(() => cancellation.throwIfAborted()).toThrow(reason);

    const late = new Cancellation();
    late.abort(reason);
    expect([late.signal.aborted, late.signal.reason]).toEqual([true, reason]);
  });

  it('calls every listener although one throws, and reports its error', () => {
    const thrown: string[] = [];
    const told: string[] = [];
    const cancellation = new Cancellation((error) => thrown.push(error.message));
    cancellation.addEventListener('abort', () => {
      throw new Error('first');
    });
    cancellation.addEventListener('abort', () => told.push('second'));
    cancellation.signal.addEventListener('abort', () => told.push('third'));
    cancellation.abort('enough');
    expect([told, thrown]).toEqual([['second', 'third'], ['first']]);
  });

  it('reports what asynchronous listeners reject with and what listener objects throw, on its signal as well', async () => {
    const errors: string[] = [];
    const cancellation = new Cancellation((error) => errors.push(error.message));
    const rejects: () => unknown = async () => {
      await Promise.resolve();
      throw new Error('rejected');
    };
    for (const target of [cancellation, cancellation.signal]) {
      target.addEventListener('abort', rejects);
      target.addEventListener('abort', {
        handleEvent: () => {
          throw new Error('thrown');
        },
      });
    }
    Object.assign(cancellation.signal, {
      onabort: () => {
        throw new Error('by onabort');
      },
    });
    cancellation.abort('enough');
    await eventually(() => errors.length === 5);
    expect(errors.toSorted()).toEqual(['by onabort', 'rejected', 'rejected', 'thrown', 'thrown']);
  });

  it('reports what listeners of a signal that is made of its signal throw and reject with', async () => {
    const errors: string[] = [];
    const rejects: () => unknown = () => Promise.reject(new Error('rejected'));
    const thrower = new Cancellation((error) => errors.push(error.message));
    const { signal } = new AbortController();
    const derived = AbortSignal.any([signal, thrower.signal]);
    const last = AbortSignal.any([derived]);
    for (const target of [derived, last]) {
      target.addEventListener('abort', rejects);
      target.addEventListener('abort', () => {
        throw new Error('thrown');
      });
    }
    thrower.abort('enough');
    await eventually(() => errors.length === 4);
    expect(errors.toSorted()).toEqual(['rejected', 'rejected', 'thrown', 'thrown']);
    expect([derived.aborted, last.reason, AbortSignal.any([signal]).aborted]).toEqual([true, 'enough', false]);
    expect(() => AbortSignal.any([undefined as unknown as AbortSignal])).toThrow('instance of AbortSignal');
  });

  it('calls a listener of its signal once however often it was added, and not if it was removed', () => {
    const cancellation = new Cancellation(() => undefined);
    const { signal } = cancellation;
    const told: unknown[] = [];
    const stays = { handleEvent: (event: Event) => told.push(event.target) };
    const leaves = (): unknown => told.push('left');
    for (let i = 0; i < 2; i++) signal.addEventListener('abort', stays, { once: true });
    signal.addEventListener('abort', leaves);
    signal.removeEventListener('abort', leaves);
    cancellation.abort('enough');
    expect(told).toEqual([signal]);
  });

  it('lets a listener be removed while listeners are called', () => {
    const cancellation = new Cancellation();
    let calls = 0;
    const once = (): void => {
      calls++;
      cancellation.removeEventListener('abort', once);
    };
    cancellation.addEventListener('abort', once);
    cancellation.addEventListener('abort', once);
    cancellation.abort('enough');
    expect(calls).toBe(2);
  });
});
