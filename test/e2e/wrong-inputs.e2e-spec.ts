import { afterEach, describe, expect, it } from '@jest/globals';
import { Transform } from 'class-transformer';
import { IsString } from 'class-validator';
import { agent, type ChatRefs, type Flow, Workflow } from 'millrace';
import { LoggedBench } from '../support/logged-bench.js';
import { scriptCompletion } from '../support/upstream/scripts.js';
import { makeWorkflowsModule } from '../support/workflow-kit.js';

/** Values that code without types can pass instead of a text or a conversation. */
const values: Readonly<Record<string, unknown>> = {};

@Workflow({ id: 'instructed', description: 'Its instructions are made by a function' })
class InstructedWorkflow {
  readonly answer = agent({ instructions: () => values['instructions'] as string });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}

@Workflow({ id: 'inner', description: 'A step of others' })
class InnerWorkflow {
  readonly answer = agent({});
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.stream(this.answer, { messages });
  }
}

const giveMessages = (flow: Flow) => flow.run('prepare', {}, () => values['messages'] as string);

@Workflow({ id: 'asked', description: 'What it is asked is made by a step' })
class AskedWorkflow {
  readonly answer = agent({});
  define(flow: Flow) {
    return flow.stream(this.answer, { messages: giveMessages(flow) });
  }
}

@Workflow({ id: 'outer', description: 'What a workflow inside is asked is made by a step' })
class OuterWorkflow {
  define(flow: Flow) {
    return flow.workflow(InnerWorkflow, { messages: giveMessages(flow) }, { key: 'inside' });
  }
}

class Kept {
  @IsString()
  @Transform(({ value }) => (value === 'lost' ? Promise.reject(new Error('the database is gone')) : value))
  readonly id: string;
}

@Workflow({ id: 'kept', description: 'Its output is kept in a database' })
class KeptWorkflow {
  readonly keep = agent({ output: Kept });
  define(flow: Flow, { messages }: ChatRefs) {
    return flow.ask(this.keep, { messages }).map(({ id }) => id);
  }
}

describe('a value that code without types gives', () => {
  let bench: LoggedBench;
  afterEach(() => bench.close());
  const start = async (): Promise<void> => {
    const workflows = [InstructedWorkflow, InnerWorkflow, AskedWorkflow, OuterWorkflow, KeptWorkflow];
    bench = await LoggedBench.start({}, [makeWorkflowsModule(...workflows)]);
  };
  const failWith = async (model: string): Promise<string> => {
    const { status, json } = await bench.ask({ model });
    expect(status).toBe(500);
    expect(json).toMatchObject({ error: { code: 'internal_error' } });
    expect(bench.upstream.requests).toEqual([]);
    return bench.written;
  };

  it.each([
    ['a number', 3],
    ['undefined', undefined],
    ['an object', { text: 'Answer.' }],
  ])('is no instructions: %s', async (shown, instructions) => {
    Object.assign(values, { instructions });
    await start();
    expect(await failWith('instructed')).toContain(
      `The instructions of the step \\"answer\\" give ${shown}, and must give a text`,
    );
  });

  it.each([
    ['a number', 3, 'a number as messages, which is neither a text nor a list of messages'],
    ['an object', { role: 'user', content: 'Hi' }, 'an object as messages, which is neither'],
    ['nothing', undefined, 'undefined as messages, which is neither'],
    ['a list of texts', ['Hi'], 'a text as message 1 of 1, which is not an object with a role'],
  ])('is no conversation: %s', async (_, messages, problem) => {
    Object.assign(values, { messages });
    await start();
    expect(await failWith('asked')).toContain(`The step \\"answer\\" is given ${problem}`);
    expect(await failWith('outer')).toContain(`The step \\"inside\\" is given ${problem}`);
  });
});

describe('an asynchronous @Transform of an output', () => {
  it('is waited for; one that rejects ends its own run, and the process continues', async () => {
    const bench = await LoggedBench.start({}, [makeWorkflowsModule(KeptWorkflow)]);
    const unhandled: unknown[] = [];
    const notice = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', notice);
    try {
      bench.upstream.next(scriptCompletion({ id: 'lost' }));
      expect(await bench.ask({ model: 'kept' })).toMatchObject({
        status: 500,
        json: { error: { code: 'internal_error' } },
      });
      expect(bench.written).toContain('the database is gone');
      bench.upstream.next(scriptCompletion({ id: 'found' }));
      expect((await bench.ask({ model: 'kept' })).status).toBe(200);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', notice);
      await bench.close();
    }
  });
});
