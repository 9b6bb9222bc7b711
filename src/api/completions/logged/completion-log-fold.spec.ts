import { describe, expect, it } from '@jest/globals';
import type { RunEvent } from '../../../engine/index.js';
import type { UnnumberedEvent } from '../../../engine/run-event.js';
import type { LoggedEvent } from '../../../runs/index.js';
import { CompletionLogFold } from './completion-log-fold.js';
import { Voids } from './voids.js';

const HEAD = { id: 'chatcmpl-1', created: 1_795_344_000, model: 'chat', includeUsage: false, nodeEvents: false };
const USAGE = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

const say = (node: string, text: string): UnnumberedEvent => ({
  type: 'delta',
  node,
  delta: { type: 'content', text },
});
const start = (node: string): UnnumberedEvent => ({ type: 'node-started', node, kind: 'agent', visible: true });
const end = (node: string): UnnumberedEvent => ({ type: 'node-finished', node, visible: true, elapsedMs: 1 });
const FINISH: UnnumberedEvent = { type: 'run-finished', finishReason: 'stop', usage: USAGE };

const makeLog = (...events: readonly UnnumberedEvent[]): readonly LoggedEvent[] =>
  [{ type: 'run-started' } as const, ...events].map((event, seq) => ({ ...(event as RunEvent), seq, at: seq }));

/** What one reader gets: the number of each frame that has one, and what is new in it. */
function read(
  log: readonly LoggedEvent[],
  { after = -1, voids = new Voids(), head = {} }: { after?: number; voids?: Voids; head?: object } = {},
): readonly (readonly [number: number | undefined, told: unknown])[] {
  const fold = new CompletionLogFold(JSON.stringify({ ...HEAD, ...head }), { after, voids });
  const told: [number | undefined, unknown][] = [];
  for (const [number, event] of log.entries()) {
    for (const frame of fold.next(event, number)) {
      if (frame.number <= after) continue;
      const json = JSON.parse(frame.frame.slice('data: '.length)) as Told;
      const [choice] = json.choices ?? [];
      const news = json.error?.code ?? json.millrace?.type ?? json.usage ?? choice?.finish_reason;
      told.push([
        frame.isPart === true ? undefined : frame.number,
        news ?? choice?.delta.role ?? choice?.delta.content,
      ]);
    }
    if (fold.hasEnded) break;
  }
  return told;
}

interface Told {
  readonly error?: { readonly code: string };
  readonly millrace?: { readonly type: string };
  readonly usage?: object | null;
  readonly choices?: readonly {
    readonly delta: { readonly role?: string; readonly content?: string };
    readonly finish_reason: string | null;
  }[];
}

const findVoids = (log: readonly LoggedEvent[]): Voids => {
  const voids = new Voids();
  for (const [number, event] of log.entries()) if (event.type === 'node-restarted') voids.add(event, number);
  return voids;
};

describe('the frames of a completion that is read from its log', () => {
  it('get the numbers of their events; earlier frames of one event use the free numbers before it', () => {
    const log = makeLog(start('a'), say('a', 'Hel'), say('a', 'lo'), end('a'), FINISH);
    expect(read(log, { head: { includeUsage: true } })).toEqual([
      [1, 'assistant'],
      [2, 'Hel'],
      [3, 'lo'],
      [4, 'stop'],
      [5, USAGE],
    ]);
  });

  it('have no number where none is free; a client that is cut off there gets them again', () => {
    const log = makeLog(say('a', 'Hello'), FINISH);
    expect(read(log, { head: { includeUsage: true } })).toEqual([
      [0, 'assistant'],
      [1, 'Hello'],
      [undefined, 'stop'],
      [2, USAGE],
    ]);
  });

  it('follow exactly the last one that a reader has, with node events, too', () => {
    const log = makeLog(start('a'), say('a', 'Hel'), say('a', 'lo'), end('a'), FINISH);
    const head = { includeUsage: true, nodeEvents: true };
    const all = read(log, { head });
    expect(all.map(([, told]) => told)).toEqual([
      'assistant',
      'node-started',
      'node-speaks',
      'Hel',
      'lo',
      'node-finished',
      'run-finished',
      'stop',
      USAGE,
    ]);
    const numbers = all.flatMap(([number]) => number ?? []);
    for (const number of numbers) {
      const place = all.findIndex(([other]) => other === number);
      expect(read(log, { head, after: number })).toEqual(all.slice(place + 1));
    }
  });
});

describe('the unfinished output of a process that died', () => {
  const log = makeLog(
    start('a'),
    say('a', 'Good.'),
    end('a'),
    start('b'),
    say('b', 'half a'),
    say('b', ' sentence'),
    { type: 'run-resumed', epoch: 2 },
    { type: 'node-restarted', node: 'b', from: 5, to: 6 },
    start('b'),
    say('b', 'Whole.'),
    end('b'),
    FINISH,
  );

  it('is left out when the completion is read from its start', () => {
    expect(read(log, { voids: findVoids(log) })).toEqual([
      [1, 'assistant'],
      [2, 'Good.'],
      [10, 'Whole.'],
      [12, 'stop'],
    ]);
  });

  it('ends the stream of clients that have read it, with one error', () => {
    const live = [
      [1, 'assistant'],
      [2, 'Good.'],
      [5, 'half a'],
      [6, ' sentence'],
      [undefined, 'run_restarted'],
    ];
    expect(read(log)).toEqual(live);
    expect(read(log, { after: 2 })).toEqual(live.slice(2));
  });

  it.each([5, 6, 7])('ends the stream of a client that comes back after event %d, before anything else', (after) => {
    expect(read(log, { after, voids: findVoids(log) })).toEqual([[undefined, 'run_restarted']]);
  });

  it.each([
    [
      2,
      [
        [10, 'Whole.'],
        [12, 'stop'],
      ],
    ],
    [
      4,
      [
        [10, 'Whole.'],
        [12, 'stop'],
      ],
    ],
    [10, [[12, 'stop']]],
  ])('does not concern a client that comes back after event %d: it has read nothing of it', (after, rest) => {
    expect(read(log, { after, voids: findVoids(log) })).toEqual(rest);
  });
});
