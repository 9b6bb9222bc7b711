import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { Gate } from './gate.js';

describe('Gate', () => {
  it('is open at first, and makes nobody wait', async () => {
    const gate = new Gate();
    expect(gate.isOpen).toBe(true);
    await gate.waitUntilOpen();
  });

  it('makes callers wait while it is closed, and resumes them in order', async () => {
    const gate = new Gate();
    gate.close();
    const passed: number[] = [];
    const waiting = [0, 1, 2].map((id) => gate.waitUntilOpen().then(() => passed.push(id)));
    await turn();
    expect([gate.isOpen, passed]).toEqual([false, []]);
    gate.open();
    expect(gate.isOpen).toBe(true);
    await Promise.all(waiting);
    expect(passed).toEqual([0, 1, 2]);
  });

  it('keeps its waiting callers when it is closed twice', async () => {
    const gate = new Gate();
    gate.close();
    const waiting = gate.waitUntilOpen();
    gate.close();
    gate.open();
    await waiting;
    expect(gate.isOpen).toBe(true);
  });

  it('can be closed again, even by a caller that it has just resumed', async () => {
    const gate = new Gate();
    gate.close();
    const reclosed = gate.waitUntilOpen().then(() => gate.close());
    gate.open();
    await reclosed;
    expect(gate.isOpen).toBe(false);
    let passed = false;
    const waiting = gate.waitUntilOpen().then(() => (passed = true));
    await turn();
    expect(passed).toBe(false);
    gate.open();
    await waiting;
  });

  it('may be opened when it is open', () => {
    const gate = new Gate();
    gate.open();
    gate.open();
    expect(gate.isOpen).toBe(true);
  });
});
