import { describe, expect, it } from '@jest/globals';
import { from, Subject, take } from 'rxjs';
import { FakeClock } from '../../test/support/fake-clock.js';
import type { Timer } from '../kernel/index.js';
import { coalesce } from './coalesce.js';

interface Item {
  readonly channel: string;
  readonly text: string;
  readonly window: number | undefined;
}

const item = (text: string, window = 10, channel = 'content'): Item => ({ channel, text, window });
const mark: Item = { channel: 'mark', text: '|', window: undefined };

/** A coalesced subject, and what came out of it. */
class Flow {
  readonly source = new Subject<Item>();
  readonly out: string[] = [];
  readonly operator;
  ending: unknown;

  constructor(readonly clock: FakeClock = new FakeClock()) {
    this.operator = coalesce<Item>({
      clock,
      chooseWindow: ({ window }) => window,
      merge: (held, next) => (held.channel === next.channel ? { ...held, text: held.text + next.text } : undefined),
    });
  }

  subscribe(source = this.source.pipe(this.operator)): this {
    source.subscribe({
      next: ({ text }) => this.out.push(text),
      error: (error: unknown) => (this.ending = error),
      complete: () => (this.ending = 'complete'),
    });
    return this;
  }

  next(...items: readonly Item[]): this {
    for (const each of items) this.source.next(each);
    return this;
  }
}

describe('coalesce', () => {
  it('sends the first item at once, and joins the rest of the window', () => {
    const flow = new Flow().subscribe().next(item('a'));
    expect(flow.out).toEqual(['a']);
    flow.next(item('b'), item('c'));
    flow.clock.advance(9);
    expect(flow.out).toEqual(['a']);
    flow.clock.advance(1);
    expect(flow.out).toEqual(['a', 'bc']);
  });

  it('sends an item that comes after the window at once', () => {
    const flow = new Flow().subscribe().next(item('a'));
    flow.clock.advance(10);
    flow.next(item('b'));
    expect(flow.out).toEqual(['a', 'b']);
  });

  it('counts the next window from when a joined item left', () => {
    const flow = new Flow().subscribe().next(item('a'), item('b'));
    flow.clock.advance(10);
    flow.next(item('c'));
    flow.clock.advance(9);
    expect(flow.out).toEqual(['a', 'b']);
    flow.clock.advance(1);
    expect(flow.out).toEqual(['a', 'b', 'c']);
  });

  it('never starves under a steady flow', () => {
    const flow = new Flow().subscribe();
    for (let ms = 0; ms < 1_000; ms++) {
      flow.next(item('.'));
      flow.clock.advance(1);
    }
    expect(flow.out).toHaveLength(1 + 1_000 / 10);
  });

  it('flushes before an item of another channel, which then waits for its own window', () => {
    const flow = new Flow().subscribe().next(item('a'), item('b'), item('c', 10, 'reasoning'));
    expect(flow.out).toEqual(['a', 'b']);
    flow.clock.advance(9);
    expect(flow.out).toEqual(['a', 'b']);
    flow.clock.advance(1);
    expect(flow.out).toEqual(['a', 'b', 'c']);
  });

  it('flushes before an item without a window, which passes at once and starts none', () => {
    const flow = new Flow().subscribe().next(mark, item('a'), item('b'), mark, mark);
    expect(flow.out).toEqual(['|', 'a', 'b', '|', '|']);
    expect(flow.clock.pending).toBe(0);
  });

  it('passes everything on at once with a window of 0', () => {
    const flow = new Flow().subscribe().next(item('a', 0), item('b', 0), item('c', 0));
    expect(flow.out).toEqual(['a', 'b', 'c']);
    expect(flow.clock.pending).toBe(0);
  });

  it('takes the window of each item', () => {
    const flow = new Flow().subscribe().next(item('a', 10), item('b', 50, 'slow'));
    flow.clock.advance(49);
    expect(flow.out).toEqual(['a']);
    flow.clock.advance(1);
    flow.next(item('c', 0, 'direct'), item('d', 20, 'quick'));
    expect(flow.out).toEqual(['a', 'b', 'c']);
    flow.clock.advance(20);
    expect(flow.out).toEqual(['a', 'b', 'c', 'd']);
  });

  it('flushes before the end', () => {
    const flow = new Flow().subscribe().next(item('a'), item('b'));
    flow.source.complete();
    expect([flow.out, flow.ending, flow.clock.pending]).toEqual([['a', 'b'], 'complete', 0]);
  });

  it('flushes before an error', () => {
    const flow = new Flow().subscribe().next(item('a'), item('b'));
    const error = new Error('x');
    flow.source.error(error);
    expect([flow.out, flow.ending, flow.clock.pending]).toEqual([['a', 'b'], error, 0]);
  });

  it('drops what it holds when its reader leaves, and frees source and timer', () => {
    const flow = new Flow();
    const subscription = flow.source.pipe(flow.operator).subscribe();
    flow.next(item('a'), item('b'));
    expect(flow.clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(flow.clock.pending).toBe(0);
    expect(flow.source.observed).toBe(false);
  });

  it('leaves no timer behind when its reader leaves during a flush', () => {
    const flow = new Flow();
    flow.subscribe(flow.source.pipe(flow.operator, take(2))).next(item('a'), item('b'), item('c', 10, 'other'));
    expect([flow.out, flow.ending, flow.clock.pending]).toEqual([['a', 'b'], 'complete', 0]);
  });

  it('works on a source that gives everything at once', () => {
    const flow = new Flow();
    flow.subscribe(from([item('a'), item('b'), item('c')]).pipe(flow.operator));
    expect([flow.out, flow.ending, flow.clock.pending]).toEqual([['a', 'bc'], 'complete', 0]);
  });

  it('keeps the state of two readers apart', () => {
    const flow = new Flow().subscribe();
    const second = new Flow(flow.clock).subscribe(flow.source.pipe(flow.operator));
    flow.next(item('a'), item('b')).clock.advance(10);
    expect([flow.out, second.out]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });
});

describe('coalesce on a machine whose timers are not exact', () => {
  it('ends a window with the next item when the event loop is too busy for timers', () => {
    const clock = new (class extends FakeClock {
      /** Time that has passed without a turn for timers. */
      busy = 0;
      override monotonic(): number {
        return super.monotonic() + this.busy;
      }
    })();
    const flow = new Flow(clock).subscribe();
    for (; clock.busy < 100; clock.busy += 3) flow.next(item('.'));
    expect(flow.out).toEqual(['.', '....', '....', '....', '....', '....', '....', '....', '....']);
    expect(clock.pending).toBe(1);
    flow.source.complete();
    expect(flow.out.join('')).toHaveLength(34);
    expect(clock.pending).toBe(0);
  });

  it('waits again when a timer fires much too early, as it does after a long turn', () => {
    const clock = new (class extends FakeClock {
      override after(ms: number, callback: () => void): Timer {
        return super.after(ms / 2, callback);
      }
    })();
    const flow = new Flow(clock).subscribe().next(item('a'), item('b'));
    clock.advance(8);
    expect(flow.out).toEqual(['a']);
    clock.advance(2);
    expect(flow.out).toEqual(['a', 'b']);
    expect(clock.pending).toBe(0);
  });
});
