import { describe, expect, it } from '@jest/globals';
import { DeadlineError, eventually, within } from './eventually.js';

describe('eventually', () => {
  it('resolves with the first truthy value', async () => {
    let calls = 0;
    expect(await eventually(() => (++calls === 3 ? 'third' : undefined))).toBe('third');
  });

  it('continues after a condition that throws, and tells what it threw last when time is over', async () => {
    let calls = 0;
    const flaky = (): string => {
      if (++calls < 3) throw new Error('not yet');
      return 'now';
    };
    expect(await eventually(flaky)).toBe('now');

    const failing = eventually(() => Promise.reject(new Error('never')), { within: 10, message: 'a miracle' });
    await expect(failing).rejects.toMatchObject({
      name: 'DeadlineError',
      message: 'Timed out after 10 ms while waiting for a miracle',
      cause: new Error('never'),
    });
  });

  it('throws when the condition stays false', async () => {
    await expect(eventually(() => false, { within: 10 })).rejects.toThrow(DeadlineError);
  });
});

describe('within', () => {
  it('settles as the promise does', async () => {
    expect(await within(Promise.resolve(1))).toBe(1);
    await expect(within(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('throws when the promise does not settle in time', async () => {
    await expect(within(new Promise(() => undefined), { within: 5, message: 'Godot' })).rejects.toThrow(
      'Timed out after 5 ms while waiting for Godot',
    );
  });
});
