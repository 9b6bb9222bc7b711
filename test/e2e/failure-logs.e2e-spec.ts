import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { AgentStreamingNode } from '../../src/nodes/index.js';
import {
  agent,
  AgentTool,
  type ChatRefs,
  type Deltas,
  type Flow,
  type Ref,
  type TaskContext,
  ToolError,
  Workflow,
} from '../../src/workflow/index.js';
import { type ConversationInput, makeWorkflowsModule } from '../support/bench.js';
import { assertCompletion, assertErrorEnded, eventually } from '../support/checks.js';
import { LoggedBench } from '../support/logged-bench.js';
import { findFreePort } from '../support/server-process.js';
import { ScriptedUpstream, scriptStream, scriptToolCalls, steps } from '../support/upstream/index.js';

class RefusingTool extends AgentTool<void> {
  readonly name = 'refusing';
  readonly description = 'Says no';
  readonly argsType = undefined;
  execute(): never {
    throw new ToolError('No: secret reasons');
  }
}

class BrokenTool extends AgentTool<void> {
  readonly name = 'broken';
  readonly description = 'Has a bug';
  readonly argsType = undefined;
  execute(): never {
    throw new Error('The table is empty');
  }
}

/** Calls the model of one provider, and falls back to that of another. */
@Injectable()
class PatientNode extends AgentStreamingNode<ConversationInput, string> {
  readonly agentConfig = agent({
    retries: 1,
    model: ['openai', { model: 'ollama/local' }],
    tools: [RefusingTool, BrokenTool],
  });

  async *process(input: ConversationInput, context: TaskContext): AsyncGenerator<Deltas, string, void> {
    return yield* this.streamTextDeltas(this.agent.runStream(input, context));
  }
}

@Injectable()
class BuggyNode {
  process(_input: ConversationInput): string {
    throw new Error('The plan of the author failed');
  }
}

@Workflow({ id: 'patient', description: 'Asks one provider, then another' })
class PatientWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.node(PatientNode, { messages });
  }
}

@Workflow({ id: 'wrapped', description: 'Has all its steps in another' })
class NestedWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    return flow.workflow(PatientWorkflow, { messages });
  }
}

@Workflow({ id: 'buggy', description: 'Fails in its second step' })
class BuggyWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    flow.node(PatientNode, { messages });
    return flow.node(BuggyNode, { messages });
  }
}

@Workflow({ id: 'lenient', description: 'Goes on where its first step fails' })
class LenientWorkflow {
  define(flow: Flow, { messages }: ChatRefs): Ref<string> {
    flow.node(BuggyNode, { messages }, { onError: () => 'nothing', effect: true });
    return flow.node(PatientNode, { messages });
  }
}

const MODULE = makeWorkflowsModule(
  RefusingTool,
  BrokenTool,
  PatientNode,
  BuggyNode,
  PatientWorkflow,
  NestedWorkflow,
  BuggyWorkflow,
  LenientWorkflow,
);

describe('the log of a failure', () => {
  let bench: LoggedBench;
  afterEach(() => bench.close());
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    bench = await LoggedBench.start(env, [MODULE]);
  };

  it('has the code in the access line of a repeated request, too, and the step in the response', async () => {
    await start();
    const fault = steps.errorBody('too long', { code: 'context_length_exceeded', param: 'messages' });
    bench.upstream.next(steps.httpError(400, fault));
    const repeat = () => bench.ask({ model: 'streaming', stream: false }, { 'idempotency-key': 'a' });
    const [first, again] = [await repeat(), await repeat()];
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.json).toEqual(first.json);
    expect(again.json).toMatchObject({ error: { millrace: { node: 'TextStreamingNode' } } });
    const access = await eventually(() => bench.lines('Access')[1], { message: 'the second access line' });
    const told = { status: 400, code: 'context_length_exceeded', node: 'TextStreamingNode' };
    expect([bench.lines('Access')[0], access]).toMatchObject([told, told]);
  });

  it('has a line for each retry and each fallback, while the client sees success', async () => {
    const address = `http://127.0.0.1:${await findFreePort()}/v1`;
    const other = await ScriptedUpstream.start();
    try {
      await start({ OPENAI_BASE_URL: address, OLLAMA_BASE_URL: other.url, UPSTREAM_MAX_RETRIES: '1' });
      other.next(scriptStream('Here.'));
      const stream = await bench.open({ model: 'patient' });
      assertCompletion(await stream.collect(), { content: 'Here.' });
      const { request_id, run_id, trace_id, code } = await bench.accessLine();
      expect([request_id, code]).toEqual([stream.headers['x-request-id'], undefined]);
      const ids = { level: 'info', workflow: 'patient', node: 'PatientNode', request_id, run_id, trace_id };
      const call = { provider: 'openai', model: 'gpt-5.4-mini', address };
      const cause = 'ECONNREFUSED: nothing listens at this address';
      const again = expect.stringMatching(/ asks a model again in \d+ ms: .*ECONNREFUSED/) as unknown;
      const falls = expect.stringContaining(
        ' falls back to ollama/local: upstream_unreachable (ECONNREFUSED',
      ) as unknown;
      expect(bench.runLines()).toMatchObject([
        { ...ids, ...call, cause, attempt: 1, message: again },
        { ...ids, ...call, cause, attempt: 2, message: again },
        { ...ids, ...call, cause, attempt: 3, message: again },
        { ...ids, ...call, cause, attempt: 4, message: falls },
      ]);
    } finally {
      await other.close();
    }
  });

  it.each([
    ['streaming', 'StructuredStreamingNode', 1],
    ['wrapped', 'PatientWorkflow/PatientNode', 0],
  ])('names the step of %s, which has several, and so does the error', async (model, node, before) => {
    await start({ OLLAMA_BASE_URL: 'http://127.0.0.1:9/v1' });
    for (let i = 0; i < before; i++) bench.upstream.next(scriptStream('Draft.'));
    bench.upstream.next(steps.httpError(400, steps.errorBody('no')));
    const { status, json } = await bench.ask({ model });
    expect([status, json]).toMatchObject([400, { error: { code: null, millrace: { node } } }]);
    expect(Object.keys((json as { error: object }).error)).toEqual(['message', 'type', 'param', 'code', 'millrace']);
    expect(bench.runLines()).toMatchObject([{ level: 'warn', node, provider: 'openai' }]);
    expect(await bench.accessLine()).toMatchObject({ node, outcome: 'upstream_rejected' });

    for (let i = 0; i < before; i++) bench.upstream.next(scriptStream('Draft.'));
    bench.upstream.next([steps.role(), steps.text(before === 0 ? 'Half' : '{"thinking":"Hm'), steps.reset()]);
    const stream = await bench.open({ model });
    expect(assertErrorEnded(await stream.collect())).toMatchObject({
      code: 'upstream_connection_lost',
      millrace: { node },
    });
  });

  it("has the stack of what authors' code throws, once, while the client sees the step and nothing else", async () => {
    await start();
    bench.upstream.always(() => scriptStream('Hi'));
    const { status, json, headers } = await bench.ask({ model: 'buggy' });
    expect([status, json]).toMatchObject([500, { error: { code: 'internal_error', millrace: { node: 'BuggyNode' } } }]);
    expect(JSON.stringify(json)).not.toContain('plan of the author');
    expect(await bench.accessLine()).toMatchObject({ code: 'internal_error', node: 'BuggyNode', status: 500 });
    const stack = expect.stringMatching(/Error: The plan of the author failed\n\s+at BuggyNode\.process/) as unknown;
    const request_id = headers['x-request-id'];
    expect(bench.runLines()).toMatchObject([
      { level: 'error', node: 'BuggyNode', request_id, workflow: 'buggy', stack },
    ]);
    expect(bench.written.match(/The plan of the author failed/g)).toHaveLength(1);
  });

  it('has the failure of a step with a substitute, which no client sees', async () => {
    await start();
    bench.upstream.always(() => scriptStream('Hi'));
    const { status, headers } = await bench.ask({ model: 'lenient' });
    expect(status).toBe(200);
    const stack = expect.stringContaining('The plan of the author failed') as unknown;
    const request_id = headers['x-request-id'];
    expect(bench.runLines()).toMatchObject([
      { level: 'error', node: 'BuggyNode', request_id, code: 'internal_error', stack },
    ]);
    expect((await bench.accessLine())['code']).toBeUndefined();
  });

  it('has the failures of tools, with the stack of a bug and without what is said to the model', async () => {
    await start();
    bench.upstream.next(scriptToolCalls('c1', 'refusing', {})).next(scriptToolCalls('c2', 'broken', {}));
    bench.upstream.next(scriptToolCalls('c3', 'secret_tool', {})).next(scriptStream('Done'));
    const { status } = await bench.ask({ model: 'patient' });
    expect(status).toBe(200);
    const { request_id, run_id } = await bench.accessLine();
    const stack = expect.stringContaining('The table is empty') as unknown;
    const ids = { node: 'PatientNode', request_id, run_id };
    expect(bench.runLines()).toMatchObject([
      { ...ids, level: 'info', tool: 'refusing' },
      { ...ids, level: 'error', tool: 'broken', stack },
      { ...ids, level: 'info', message: expect.stringContaining('calls an unknown tool') },
    ]);
    expect(bench.written).not.toContain('secret');
  });

  it('has the reason of requests that are refused before they become a run', async () => {
    await start({ API_KEYS: 'sk-caller-1', LIMIT_REQUESTS_PER_MINUTE: '4' });
    bench.upstream.next(scriptStream('Hi'));
    const as = (key: string, body: object) => bench.ask(body, { authorization: `Bearer ${key}` });
    const responses = [
      await as('sk-wrong-key', {}),
      await as('sk-caller-1', { temperature: 'secret' }),
      await as('sk-caller-1', { model: 'secret' }),
      await as('sk-caller-1', { messages: [] }),
      await as('sk-caller-1', {}),
      await as('sk-caller-1', {}),
    ];
    await eventually(() => bench.lines('Access').length === responses.length);
    expect(bench.lines('Access').map(({ status, code, request_id }) => [status, code, request_id])).toEqual(
      [
        [401, 'invalid_api_key'],
        [400, 'invalid_type'],
        [404, 'model_not_found'],
        [400, 'empty_array'],
        [200, undefined],
        [429, 'rate_limit_exceeded'],
      ].map((told, index) => [...told, responses[index]?.headers['x-request-id']]),
    );
    expect(bench.written).not.toMatch(/secret|sk-wrong-key|sk-caller/);
  });

  it('names the step and model at which a run passed its deadline', async () => {
    await start({ RUN_TIMEOUT_MS: '300' });
    bench.upstream.next(scriptStream('Draft.')).next(steps.stall());
    expect((await bench.ask({ model: 'streaming' })).json).toMatchObject({ error: { code: 'run_timeout' } });
    const { request_id } = await bench.accessLine();
    expect(bench.runLines()).toMatchObject([
      {
        level: 'warn',
        node: 'StructuredStreamingNode',
        code: 'run_timeout',
        provider: 'openai',
        attempt: 1,
        request_id,
      },
    ]);
  });

  it('mentions a client that has left at the level debug only', async () => {
    await start();
    const arrived = steps.gate();
    bench.upstream.next([steps.role(), steps.text('Once'), arrived]);
    const stream = await bench.open();
    await stream.until((item) => item.kind === 'data' && item.data.includes('Once'));
    stream.destroy();
    const { request_id, outcome } = await bench.accessLine();
    expect(outcome).toBe('client_abort');
    expect(bench.runLines()).toMatchObject([
      { level: 'debug', node: 'answer', code: 'client_disconnected', request_id },
    ]);
  });

  it('is readable for people: fields follow the message, and nothing is said twice', async () => {
    await start({ LOG_FORMAT: 'pretty' });
    bench.upstream.next(steps.httpError(503, steps.errorBody('busy')));
    const { headers } = await bench.ask();
    const id = String(headers['x-request-id']);
    await eventually(() => bench.written.includes('[Access]'));
    expect(bench.written.match(new RegExp(`request_id=${id} run_id=chatcmpl-\\w+ trace_id=\\w+`, 'g'))).toHaveLength(2);
    expect(bench.written).toMatch(
      /WARN \[Run\] chat chatcmpl-\w+ failed: upstream_error \(upstream status 503, .*\) node=answer provider=openai model=gpt-5\.4-mini address=http:\S+ attempt=1 code=upstream_error workflow=chat/,
    );
    expect(bench.written.match(/upstream status 503/g)).toHaveLength(1);
  });
});
