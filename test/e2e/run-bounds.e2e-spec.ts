import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { AgentStreamingNode } from '../../src/nodes/index.js';
import { RunService } from '../../src/runs/index.js';
import { agent, type Deltas, type Flow, type Ref, Workflow } from '../../src/workflow/index.js';
import { TestApp } from '../support/app.js';
import { assertErrorEnded, readContent } from '../support/chunks.js';
import { eventually } from '../support/eventually.js';
import { postJson } from '../support/http-client.js';
import { HELLO } from '../support/messages.js';
import { openStream } from '../support/sse-client.js';
import { makeWorkflowsModule } from '../support/workflow-kit.js';

const MIB = 1024 * 1024;

/** Yields the same text endlessly. */
@Injectable()
class EndlessNode extends AgentStreamingNode<void, string> {
  readonly agentConfig = agent({ model: 'demo' });

  async *process(): AsyncGenerator<Deltas, string, void> {
    for (;;) yield { type: 'content', text: 'x'.repeat(64 * 1024) };
  }
}

/** Returns a result above the limit. */
@Injectable()
class LongNode {
  process(): string {
    return 'x'.repeat(40 * MIB);
  }
}

@Workflow({ id: 'endless', description: 'A node that never stops' })
class EndlessWorkflow {
  define(flow: Flow): Ref<string> {
    return flow.node(EndlessNode);
  }
}

@Workflow({ id: 'parallel', description: 'Two of them, the second of which has to wait for its turn' })
class ParallelWorkflow {
  define(flow: Flow): Ref<string> {
    flow.node(EndlessNode, undefined, { key: 'first' });
    return flow.node(EndlessNode, undefined, { key: 'second' });
  }
}

@Workflow({ id: 'long', description: 'A long result' })
class LongWorkflow {
  define(flow: Flow): Ref<string> {
    return flow.node(LongNode);
  }
}

describe('what one run may say is bounded, with default settings', () => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start({
      imports: [makeWorkflowsModule(EndlessWorkflow, ParallelWorkflow, LongWorkflow, EndlessNode, LongNode)],
    });
  });
  afterEach(() => app.close());
  const runsEnd = (): Promise<unknown> =>
    eventually(() => app.get(RunService).openRuns === 0, { message: 'the end of the run' });

  it.each(['endless', 'parallel', 'long'])('%s: a completion that is not streamed', async (model) => {
    const response = await postJson(app.chatUrl, { model, messages: HELLO });
    expect(response).toMatchObject({ status: 500, json: { error: { code: 'answer_too_large' } } });
    await runsEnd();
  });

  it.each(['endless', 'parallel'])('%s: a stream', async (model) => {
    const stream = await openStream(app.chatUrl, { model, stream: true, messages: HELLO });
    const items = await stream.collect({ within: 30_000 });
    expect(assertErrorEnded(items)).toMatchObject({ code: 'answer_too_large' });
    expect(readContent(items).length).toBe(32 * MIB);
    await runsEnd();
  });
});
