import { describe, expect, it } from '@jest/globals';
import type { RunEvent } from '../engine/index.js';
import { toRunError, UpstreamError } from '../errors/index.js';
import { OutputPrinter } from './output-printer.js';

type Unnumbered = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'seq'> : never) : never;
type Printed = Exclude<Unnumbered, { readonly type: 'run-failed' }> | 'failed';

const say = (node: string, type: 'content' | 'reasoning', text: string): Printed => ({
  type: 'delta',
  node,
  delta: { type, text },
});

const finished: Printed = {
  type: 'run-finished',
  finishReason: 'stop',
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
};

/** What is printed; in a terminal both streams are one. */
function printEvents(
  events: readonly Printed[],
  { isTTY = false, env = {} }: { isTTY?: boolean; env?: Record<string, string> } = {},
): { readonly stdout: string; readonly stderr: string; readonly screen: string } {
  const text = { stdout: '', stderr: '', screen: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    isTTY,
    write: (piece: unknown): boolean => {
      text[name] += String(piece);
      text.screen += String(piece);
      return true;
    },
  });
  const printer = new OutputPrinter({ stdout: output('stdout'), stderr: output('stderr'), env }, '\n\n');
  events.forEach((event, seq) => (event === 'failed' ? printer.breakLine() : printer.print({ ...event, seq })));
  return text;
}

const TWO_NODES = [
  say('First', 'reasoning', 'Hm.'),
  say('First', 'content', 'Hel'),
  say('First', 'content', 'lo'),
  say('Second', 'content', '\n\nBye'),
  finished,
];

describe('the printer of a run', () => {
  it('writes only the content to stdout, and ends its last line', () => {
    const { stdout, stderr } = printEvents(TWO_NODES);
    expect(stdout).toBe('Hello\n\nBye\n');
    expect(stderr).toBe('── First\nHm.\n── Second\nstop, 3 + 4 tokens\n');
  });

  it('writes both as one text in a terminal, and dims all but the content', () => {
    const dim = (text: string): string => `\u001B[2m${text}\u001B[0m`;
    expect(printEvents(TWO_NODES, { isTTY: true }).screen).toBe(
      `${dim('── First')}\n${dim('Hm.')}\nHello\n\n${dim('── Second')}\nBye\n${dim('stop, 3 + 4 tokens')}\n`,
    );
    expect(printEvents(TWO_NODES, { isTTY: true, env: { NO_COLOR: '1' } }).screen).not.toContain('\u001B');
  });

  it('does not let a model control the terminal', () => {
    const attack = [say('First', 'content', 'a\u001B]0;title\u0007b\rc\u009B2Jd\te\n'), finished];
    expect(printEvents(attack, { isTTY: true }).stdout).toBe('a]0;titlebc2Jd\te\n');
    expect(printEvents(attack).stdout).toBe('a\u001B]0;title\u0007b\rc\u009B2Jd\te\n');
  });

  it('writes progress, routes and substitutes on lines of their own', () => {
    const error = toRunError(new UpstreamError('The model is down.', { code: 'upstream_error', retryable: true }));
    const { stderr } = printEvents([
      { type: 'node-progress', node: 'Search', message: 'looking\nup' },
      { type: 'route-taken', node: 'route', branch: 'billing' },
      { type: 'node-failed', node: 'Search', elapsedMs: 1, error, recovered: true, aborted: false },
      { type: 'node-failed', node: 'Search', elapsedMs: 1, error, recovered: false, aborted: false },
    ]);
    expect(stderr).toBe(
      'Search: looking up\nroute: billing\nSearch failed, and the run continues: The model is down.\n',
    );
  });

  it('ends the line before an error is written', () => {
    const events: Printed[] = [say('First', 'content', 'Hel'), 'failed'];
    expect(printEvents(events, { isTTY: true }).screen.endsWith('Hel\n')).toBe(true);
    expect(printEvents(events).stdout).toBe('Hel');
  });
});
