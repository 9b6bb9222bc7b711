import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Subject } from 'rxjs';
import { FakeClock } from '../../test/support/fake-clock.js';
import { coalesce } from './coalesce.js';

/** Items of one kind have one window and can be merged; `mark` is an item without a window. */
const KINDS = ['text', 'slow', 'direct', 'mark'] as const;
type Kind = (typeof KINDS)[number];
const WINDOWS: Record<Kind, number | undefined> = { text: 10, slow: 25, direct: 0, mark: undefined };

interface Item {
  readonly kind: Kind;
  readonly ids: readonly number[];
}

interface Arrival {
  /** Milliseconds since the arrival before. */
  readonly gap: number;
  readonly kind: Kind;
}

interface Trace {
  /** When each item arrived, by its id. */
  readonly arrivals: readonly { readonly kind: Kind; readonly at: number }[];
  readonly sent: readonly (Item & { readonly at: number })[];
  readonly endedAt: number;
}

const gap = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 1) },
  fc.integer({ min: 0, max: 60 }),
  fc.constant(0.5),
);
const arrivals = fc.array(fc.record({ gap, kind: fc.constantFrom(...KINDS) }), { minLength: 1, maxLength: 60 });

/** Plays arrivals; `watch` sees after each of them how many items have not been sent, and how many timers wait. */
function play(script: readonly Arrival[], watch: (unsent: number, timers: number) => void = () => undefined): Trace {
  const clock = new FakeClock();
  const source = new Subject<Item>();
  const arrived: { kind: Kind; at: number }[] = [];
  const sent: (Item & { at: number })[] = [];
  source
    .pipe(
      coalesce<Item>({
        clock,
        chooseWindow: ({ kind }) => WINDOWS[kind],
        merge: (held, next) =>
          held.kind === next.kind ? { kind: held.kind, ids: [...held.ids, ...next.ids] } : undefined,
      }),
    )
    .subscribe((item) => sent.push({ ...item, at: clock.monotonic() }));
  for (const { gap: ms, kind } of script) {
    clock.advance(ms);
    arrived.push({ kind, at: clock.monotonic() });
    source.next({ kind, ids: [arrived.length - 1] });
    watch(arrived.length - sent.flatMap(({ ids }) => ids).length, clock.pending);
  }
  source.complete();
  return { arrivals: arrived, sent, endedAt: clock.monotonic() };
}

describe('coalesce, for any arrivals', () => {
  it('loses nothing, adds nothing, and keeps the order', () => {
    fc.assert(
      fc.property(arrivals, (script) => {
        const { sent } = play(script);
        expect(sent.flatMap(({ ids }) => ids)).toEqual(script.map((_, id) => id));
        expect(sent.flatMap(({ kind, ids }) => ids.map(() => kind))).toEqual(script.map(({ kind }) => kind));
      }),
    );
  });

  it('joins only what has a window', () => {
    fc.assert(
      fc.property(arrivals, (script) => {
        const joined = play(script).sent.filter(({ ids }) => ids.length > 1);
        expect(joined.filter(({ kind }) => !WINDOWS[kind])).toEqual([]);
      }),
    );
  });

  it('sends at most once per window, unless something else had to go ahead', () => {
    fc.assert(
      fc.property(arrivals, (script) => {
        const { sent, arrivals: arrived, endedAt } = play(script);
        let last = Number.NEGATIVE_INFINITY;
        for (const { kind, ids, at } of sent) {
          const next = arrived[(ids.at(-1) ?? 0) + 1];
          const forced = next === undefined ? at === endedAt : next.kind !== kind && next.at === at;
          expect(forced || at - last >= (WINDOWS[kind] ?? 0)).toBe(true);
          if (WINDOWS[kind] !== undefined) last = at;
        }
      }),
    );
  });

  it('keeps no item longer than until the window since the last one ends', () => {
    fc.assert(
      fc.property(arrivals, (script) => {
        const { sent, arrivals: arrived } = play(script);
        let last = Number.NEGATIVE_INFINITY;
        for (const { kind, ids, at } of sent) {
          const first = arrived[ids[0] ?? 0]?.at ?? Number.NaN;
          expect(at).toBeLessThanOrEqual(Math.max(first, last + (WINDOWS[kind] ?? 0)));
          if (WINDOWS[kind] !== undefined) last = at;
        }
      }),
    );
  });

  it('has one timer while it holds something, and none while it does not', () => {
    fc.assert(
      fc.property(arrivals, (script) => {
        play(script, (unsent, timers) => expect(timers).toBe(unsent > 0 ? 1 : 0));
      }),
    );
  });
});
