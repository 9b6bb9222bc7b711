import { IsBoolean, IsOptional, IsString } from 'class-validator';
import { type LogEntry, runLogged } from '../../test/support/crashing-runs.js';
import { type Compiled, compileTestWorkflow } from '../../test/support/compiled-workflow.js';
import type { Deltas } from '../workflow/index.js';
import type { WaitAnswer } from './run-history.js';

class Verdict {
  @IsBoolean()
  approved!: boolean;

  @IsOptional()
  @IsString()
  comment?: string;

  say(): string {
    return this.approved ? 'yes' : 'no';
  }
}

let drafts = 0;

class Draft {
  async *process(): AsyncGenerator<Deltas, string, void> {
    drafts++;
    yield { type: 'content', text: 'A draft.' };
    return 'A draft.';
  }
}

class Close {
  async *process({ draft, word }: { draft: string; word: string }): AsyncGenerator<Deltas, string, void> {
    yield { type: 'content', text: `${word}: ${draft}` };
    return word;
  }
}

function compileApproval(onTimeout?: () => Verdict): Compiled {
  return compileTestWorkflow({
    define: (flow) => {
      const draft = flow.node(Draft);
      const verdict = flow.interrupt('approve', { draft }, Verdict, {
        timeout: '3d',
        ...(onTimeout !== undefined && { onTimeout }),
      });
      return flow.node(Close, { draft, word: verdict.map((value) => value.say()) });
    },
  });
}

describe('A run that waits for an answer', () => {
  const log = { approve: (value: WaitAnswer) => new Map([['approve', value]]) };
  let waiting: readonly LogEntry[];

  beforeEach(async () => {
    drafts = 0;
    waiting = await runLogged(compileApproval());
  });

  it('ends its attempt with what is asked, after all steps that could run', () => {
    expect(waiting.map(({ event }) => event.type)).toEqual([
      'run-started',
      'node-started',
      'delta',
      'node-finished',
      'run-waiting',
    ]);
    const last = waiting.at(-1)?.event;
    if (last?.type !== 'run-waiting') throw new Error('It does not wait');
    const [wait] = last.waits;
    expect(wait).toMatchObject({ name: 'approve', node: 'approve', shown: { draft: 'A draft.' } });
    expect(last.contentLength).toBe('A draft.'.length);
    expect(wait?.callId).toMatch(/^call_/);
    expect((wait?.expiresAt ?? 0) - (wait?.askedAt ?? 0)).toBe(3 * 86_400_000);
  });

  it('continues with the answer as an instance of its class, and runs no finished step again', async () => {
    const whole = await runLogged(compileApproval(), waiting, log.approve({ value: { approved: true } }));
    const types = whole.slice(waiting.length).map(({ event }) => event.type);
    expect(types).toEqual(['run-continued', 'node-started', 'delta', 'node-finished', 'run-finished']);
    expect(drafts).toBe(1);
    expect(
      whole.flatMap(({ event }) => (event.type === 'delta' && 'text' in event.delta ? event.delta.text : [])),
    ).toEqual(['A draft.', '\n\nyes: A draft.']);
  });

  it('asks for the same again while nobody has answered', async () => {
    const again = await runLogged(compileApproval(), waiting);
    expect(again.at(-1)?.event).toEqual({ ...waiting.at(-1)?.event, seq: expect.any(Number) });
  });

  it('fails if it expires without a value for that, and continues with one', async () => {
    const expired = log.approve({ isExpired: true });
    const failed = await runLogged(compileApproval(), waiting, expired);
    expect(failed.at(-1)?.event).toMatchObject({ type: 'run-failed', error: { code: 'wait_expired' } });
    const no = compileApproval(() => Object.assign(new Verdict(), { approved: false }));
    const finished = await runLogged(no, waiting, expired);
    expect(finished.at(-1)?.event).toMatchObject({ type: 'run-finished', result: 'no' });
  });

  it('waits for several answers at once, in branches and in workflows inside', async () => {
    const inner = compileApproval();
    const { workflow } = compileTestWorkflow(
      {
        id: 'outer',
        define: (flow, { messages }) => {
          const nested = flow.workflow(inner.type, { messages }, { key: 'inner' });
          const kind = flow.run('kind', {}, () => 'ask' as const);
          const routed = flow.route(kind, {
            ask: (branch) => branch.interrupt('check', { kind }, Verdict).map((value) => value.say()),
          });
          return flow.run('last', { nested: nested.map(String), routed }, (values) => Object.values(values).join());
        },
      },
      [inner],
    );
    const before = await runLogged({ workflow });
    const last = before.at(-1)?.event;
    const asked = last?.type === 'run-waiting' ? last.waits.map(({ node }) => node) : [];
    expect(asked.toSorted()).toEqual(['inner/approve', 'route.ask.check']);
    const answers = new Map<string, WaitAnswer>([
      ['inner/approve', { value: { approved: true } }],
      ['route.ask.check', { value: { approved: false } }],
    ]);
    const whole = await runLogged({ workflow }, before, answers);
    const told = whole.filter(({ event }) => 'node' in event && event.node === 'inner');
    expect(told.map(({ event }) => event.type)).toEqual(['node-started', 'node-finished']);
    expect(whole.at(-1)?.event).toMatchObject({ type: 'run-finished', result: 'yes,no' });
  });
});
